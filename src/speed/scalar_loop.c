/// The plain scalar loop: see scalar_loop.h. Not part of the program; it is what the program is measured against.
#include "speed/scalar_loop.h"

#include <math.h>
#include <string.h>

enum { EXAMPLES = 1000, BATCH = 8, HIDDEN1 = 5, HIDDEN2 = 3 };

typedef struct {
    float W1[HIDDEN1][2], b1[HIDDEN1], W2[HIDDEN2][HIDDEN1], b2[HIDDEN2], w3[HIDDEN2], b3;
} discriminator;

typedef struct {
    float W[2][2], b[2];
} generator;

enum { PARAMETERS_D = sizeof(discriminator) / sizeof(float), PARAMETERS_G = sizeof(generator) / sizeof(float) };

/// xoroshiro128+ (Blackman & Vigna 2018): about the cheapest good generator for a scalar loop.
typedef struct {
    uint64_t s[2];
} random_state;

static uint64_t rotate(uint64_t x, int k) {
    return (x << k) | (x >> (64 - k));
}

static uint64_t next(random_state *r) {
    const uint64_t a = r->s[0], result = a + r->s[1], b = r->s[1] ^ a;
    r->s[0] = rotate(a, 24) ^ b ^ (b << 16);
    r->s[1] = rotate(b, 37);
    return result;
}

static float uniform(random_state *r) {
    return ((float)(next(r) >> 40) + 0.5f) * 0x1p-24f;
}

static void normals(random_state *r, float *z, int count) {
    for (int i = 0; i < count; i += 2) {
        const float radius = sqrtf(-2 * logf(uniform(r))), angle = 6.2831853f * uniform(r);
        z[i] = radius * cosf(angle);
        if (i + 1 < count) {
            z[i + 1] = radius * sinf(angle);
        }
    }
}

static float forward(const discriminator *D, const float *x, float *a1, float *a2) {
    for (int i = 0; i < HIDDEN1; i++) {
        a1[i] = tanhf(D->b1[i] + D->W1[i][0] * x[0] + D->W1[i][1] * x[1]);
    }
    for (int i = 0; i < HIDDEN2; i++) {
        float t = D->b2[i];
        for (int j = 0; j < HIDDEN1; j++) {
            t += D->W2[i][j] * a1[j];
        }
        a2[i] = tanhf(t);
    }
    float logit = D->b3;
    for (int i = 0; i < HIDDEN2; i++) {
        logit += D->w3[i] * a2[i];
    }
    return logit;
}

/// delta1[j] = dL/d(preactivation j of the first layer) and delta2 likewise, from dL/dlogit.
static void deltas(const discriminator *D, const float *a1, const float *a2, float of_logit, float *delta1,
                   float *delta2) {
    for (int i = 0; i < HIDDEN2; i++) {
        delta2[i] = of_logit * D->w3[i] * (1 - a2[i] * a2[i]);
    }
    for (int j = 0; j < HIDDEN1; j++) {
        float s = 0;
        for (int i = 0; i < HIDDEN2; i++) {
            s += delta2[i] * D->W2[i][j];
        }
        delta1[j] = s * (1 - a1[j] * a1[j]);
    }
}

static void add_gradient(const discriminator *D, discriminator *g, const float *x, const float *a1, const float *a2,
                         float of_logit) {
    float delta1[HIDDEN1], delta2[HIDDEN2];
    deltas(D, a1, a2, of_logit, delta1, delta2);
    g->b3 += of_logit;
    for (int i = 0; i < HIDDEN2; i++) {
        g->w3[i] += of_logit * a2[i];
        g->b2[i] += delta2[i];
        for (int j = 0; j < HIDDEN1; j++) {
            g->W2[i][j] += delta2[i] * a1[j];
        }
    }
    for (int j = 0; j < HIDDEN1; j++) {
        g->b1[j] += delta1[j];
        g->W1[j][0] += delta1[j] * x[0];
        g->W1[j][1] += delta1[j] * x[1];
    }
}

static void input_gradient(const discriminator *D, const float *a1, const float *a2, float of_logit, float *of_x) {
    float delta1[HIDDEN1], delta2[HIDDEN2];
    deltas(D, a1, a2, of_logit, delta1, delta2);
    of_x[0] = of_x[1] = 0;
    for (int j = 0; j < HIDDEN1; j++) {
        of_x[0] += delta1[j] * D->W1[j][0];
        of_x[1] += delta1[j] * D->W1[j][1];
    }
}

static float softplus(float x) {
    return fmaxf(x, 0) + log1pf(expf(-fabsf(x)));
}

static float sigmoid(float x) {
    return 1 / (1 + expf(-x));
}

static void adam(float *w, const float *gradient, float *m, float *v, int count, float lr, int t, float scale) {
    const float step = lr * sqrtf(1 - powf(0.999f, (float)t)) / (1 - powf(0.9f, (float)t));
    for (int i = 0; i < count; i++) {
        const float g = gradient[i] * scale;
        m[i] = 0.9f * m[i] + 0.1f * g;
        v[i] = 0.999f * v[i] + 0.001f * g * g;
        w[i] -= step * m[i] / (sqrtf(v[i]) + 1e-8f);
    }
}

/// Frechet distance between N(c, W W^T) and N(b, A^T A) in two dimensions, where tr sqrt(M) = sqrt(tr M + 2 sqrt(det
/// M)).
static double frechet_distance(const generator *G) {
    const double S[3] = {(double)(G->W[0][0] * G->W[0][0] + G->W[0][1] * G->W[0][1]),
                         (double)(G->W[0][0] * G->W[1][0] + G->W[0][1] * G->W[1][1]),
                         (double)(G->W[1][0] * G->W[1][0] + G->W[1][1] * G->W[1][1])};
    const double T[3] = {1.01, 1.95, 4.25};
    const double trace = S[0] * T[0] + 2 * S[1] * T[1] + S[2] * T[2];
    const double determinant = fmax((S[0] * S[2] - S[1] * S[1]) * (T[0] * T[2] - T[1] * T[1]), 0);
    const double d0 = (double)G->b[0] - 1, d1 = (double)G->b[1] - 2;
    return d0 * d0 + d1 * d1 + S[0] + S[2] + T[0] + T[2] - 2 * sqrt(trace + 2 * sqrt(determinant));
}

void scalar_train(uint64_t seed, int epochs, scalar_result *result) {
    random_state r = {{seed * 0x9E3779B97F4A7C15u + 1, seed ^ 0xD1B54A32D192ED03u}};
    for (int i = 0; i < 20; i++) {
        (void)next(&r);
    }
    float data[EXAMPLES][2];
    int order[EXAMPLES];
    for (int i = 0; i < EXAMPLES; i++) {
        float z[2];
        normals(&r, z, 2);
        data[i][0] = z[0] - 0.1f * z[1] + 1;
        data[i][1] = 2 * z[0] + 0.5f * z[1] + 2;
        order[i] = i;
    }
    discriminator D = {0}, gradient_D, m_D = {0}, v_D = {0};
    generator G = {0}, gradient_G, m_G = {0}, v_G = {0};
    float z[16];
    normals(&r, &D.W1[0][0], 2 * HIDDEN1);
    normals(&r, &D.W2[0][0], HIDDEN1 * HIDDEN2);
    normals(&r, D.w3, HIDDEN2);
    normals(&r, z, 4);
    for (int i = 0; i < 4; i++) {
        G.W[i / 2][i % 2] = 0.02f * z[i];
    }
    for (int i = 0; i < PARAMETERS_D; i++) {
        ((float *)&D)[i] *= 0.02f;
    }
    int t = 0;
    for (int epoch = 0; epoch < epochs; epoch++) {
        for (int i = EXAMPLES - 1; i > 0; i--) {
            const int j = (int)(next(&r) % (uint64_t)(i + 1)), swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        double sum_D = 0, sum_G = 0;
        for (int start = 0; start < EXAMPLES; start += BATCH) {
            float latent[BATCH][2], fake[BATCH][2], a1[HIDDEN1], a2[HIDDEN2];
            t++;
            normals(&r, &latent[0][0], 2 * BATCH);
            memset(&gradient_D, 0, sizeof gradient_D);
            for (int k = 0; k < BATCH; k++) {
                const float *x = data[order[start + k]];
                float logit = forward(&D, x, a1, a2);
                sum_D += (double)(0.5f * softplus(-logit));
                add_gradient(&D, &gradient_D, x, a1, a2, -0.5f * sigmoid(-logit));
                for (int i = 0; i < 2; i++) {
                    fake[k][i] = G.b[i] + G.W[i][0] * latent[k][0] + G.W[i][1] * latent[k][1];
                }
                logit = forward(&D, fake[k], a1, a2);
                sum_D += (double)(0.5f * softplus(logit));
                add_gradient(&D, &gradient_D, fake[k], a1, a2, 0.5f * sigmoid(logit));
            }
            adam((float *)&D, (float *)&gradient_D, (float *)&m_D, (float *)&v_D, PARAMETERS_D, 0.05f, t, 1.0f / BATCH);
            memset(&gradient_G, 0, sizeof gradient_G);
            for (int k = 0; k < BATCH; k++) {
                float of_x[2];
                const float logit = forward(&D, fake[k], a1, a2);
                sum_G += (double)softplus(-logit);
                input_gradient(&D, a1, a2, -sigmoid(-logit), of_x);
                for (int i = 0; i < 2; i++) {
                    gradient_G.b[i] += of_x[i];
                    gradient_G.W[i][0] += of_x[i] * latent[k][0];
                    gradient_G.W[i][1] += of_x[i] * latent[k][1];
                }
            }
            adam((float *)&G, (float *)&gradient_G, (float *)&m_G, (float *)&v_G, PARAMETERS_G, 0.005f, t,
                 1.0f / BATCH);
        }
        result->loss_D = (float)(sum_D / EXAMPLES);
        result->loss_G = (float)(sum_G / EXAMPLES);
    }
    memcpy(result->weight, G.W, sizeof G.W);
    memcpy(result->bias, G.b, sizeof G.b);
    result->frechet_distance = frechet_distance(&G);
}
