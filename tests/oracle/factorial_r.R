# Effects within units (repeated measures) as R tests them, for tests/inference/inference_test.py. With R 4.2:
#
#     Rscript tests/oracle/factorial_r.R > tests/oracle/factorial_r.txt
#
# `data`: a name, the numbers of units and of levels of both factors, and the values, unit after unit, the second factor's
# levels fastest. `effect`: the data's name, the effect, its degrees of freedom, its sum of squares, and that of its error,
# by aov(); F, the epsilon of Greenhouse and Geisser, and p with it, by anova(test = "Spherical").
#
# reaction: Maxwell & Delaney 1990, chapter 12, who print F = 40.72, 33.77 and 45.31. penicillin: Box, Hunter & Hunter 1978,
# section 7.1, who print sums of squares of 70 and 226. The others are drawn here, one with more cells than units.
write_numbers <- function(...) cat(sprintf("%.17g", c(...)), "\n")

# effects: which effects of "a", "b", "a:b"
write_case <- function(name, values, a, b, effects) {
    units <- nrow(values)
    cat("data", name, units, a, b, "")
    write_numbers(t(values))
    design <- data.frame(first = gl(a, b), second = gl(b, 1, a * b))
    long <- data.frame(y = as.vector(t(values)), unit = factor(rep(seq_len(units), each = a * b)),
                       a = rep(design$first, units), b = rep(design$second, units))
    fit <- lm(values ~ 1)
    null <- lm(values ~ 0)
    strata <- if (b > 1) summary(aov(y ~ a * b + Error(unit / (a * b)), long)) else summary(aov(y ~ a + Error(unit / a), long))
    for (effect in effects) {
        outer <- switch(effect, a = if (b > 1) ~first + second else ~first, b = ~first + second, ~first:second)
        inner <- switch(effect, a = if (b > 1) ~second else ~1, b = ~first, ~first + second)
        test <- anova(fit, null, M = outer, X = inner, idata = design, test = "Spherical")
        table <- strata[[paste("Error: unit", effect, sep = ":")]][[1]]
        epsilon <- stats:::sphericity(SSD(fit), M = outer, X = inner, idata = design)$GG.eps
        cat("effect", name, effect, "")
        write_numbers(table[["Df"]][1], table[["Sum Sq"]], test[["F"]][2], epsilon, test[["G-G Pr"]][2])
    }
}

cat("# Made by tests/oracle/factorial_r.R with", R.version.string, "\n")
reaction <- matrix(c(420, 420, 480, 480, 600, 780, 420, 480, 480, 360, 480, 600, 480, 480, 540, 660, 780, 780,
                     420, 540, 540, 480, 780, 900, 540, 660, 540, 480, 660, 720, 360, 420, 360, 360, 480, 540,
                     480, 480, 600, 540, 720, 840, 480, 600, 660, 540, 720, 900, 540, 600, 540, 480, 720, 780,
                     480, 420, 540, 540, 660, 780), ncol = 6, byrow = TRUE) # noise absent at 0, 4, 8 degrees; present
write_case("reaction", reaction, 2, 3, c("a", "b", "a:b"))
penicillin <- matrix(c(89, 88, 97, 94, 84, 77, 92, 79, 81, 87, 87, 85, 87, 92, 89, 84, 79, 81, 80, 88), ncol = 4, byrow = TRUE)
write_case("penicillin", penicillin, 4, 1, "a")
set.seed(20261126)
mixed <- matrix(rnorm(30 * 12), 30) %*% matrix(rnorm(144), 12) + rnorm(30) + rep(1:12, each = 30) / 2
write_case("correlated", mixed, 3, 4, c("a", "b", "a:b"))
write_case("few_units", matrix(rexp(7 * 20), 7) + rep(rep(1:4, each = 5), each = 7), 4, 5, c("a", "b", "a:b"))
