"""The page of `gansweep report --format html`: what it may hold, and that its figures stand where the file's numbers say.

A figure's places are read back through its own ticks: two of them give an axis' scale, and every dot, line and cell must then
be at the number that NumPy has from the file, or that the report's json says.

    page_test.py PROGRAM
"""
import base64
import hashlib
import html.parser
import json
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree

import h5py
import numpy as np
from scipy import stats

PROGRAM = sys.argv.pop(1)
LN2 = math.log(2)
MOST_BYTES = 2_000_000
# matplotlib.colormaps["viridis"](i / 16)
VIRIDIS = """440154 48186a 472d7b 424086 3b528b 33638d 2c728e 26828e 21918c 1fa088 28ae80 3fbc73 5ec962 84d44b addc30 d8e219
fde725""".split()
SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
VOID = {"meta"}


def gansweep(*arguments, **options):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, timeout=300, **options)


def viridis(share):
    at = 16 * min(max(share, 0), 1)
    below = min(int(at), 15)
    ends = [[int(VIRIDIS[i][k:k + 2], 16) for k in (0, 2, 4)] for i in (below, below + 1)]
    return [low + (at - below) * (high - low) for low, high in zip(*ends)]


class Nesting(html.parser.HTMLParser):
    """Every element is closed, in order."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.problems = [], [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> at {self.getpos()}")


def text_of(element):
    return "".join(element.itertext())


def tick_number(text):
    power = re.fullmatch("10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", text)
    return 10.0 ** int(power[1].translate(SUPERSCRIPT)) if power else float(text)


class Panel:
    """One drawing, with the numbers that its places stand for."""

    def __init__(self, svg):
        self.svg = svg
        self.title = svg.get("aria-label")
        self.words = [(word.get("class", ""), float(word.get("x")), float(word.get("y")), text_of(word)) for word in svg.iter("text")]
        self.x_ticks = [(x, text) for pen, x, _, text in self.words if pen == "tick middle"]
        self.y_ticks = [(y - 4, text) for pen, _, y, text in self.words if pen == "tick end"]

    def axis(self, ticks, logarithmic):
        measure = math.log10 if logarithmic else float
        places = np.array([place for place, _ in ticks])
        numbers = np.array([measure(tick_number(text)) for _, text in ticks])
        slope, offset = np.polyfit(places, numbers, 1)
        assert np.abs(np.polyval((slope, offset), places) - numbers).max() < 0.004 * np.ptp(numbers) + 1e-9, ticks
        return lambda place: 10 ** (slope * place + offset) if logarithmic else slope * place + offset, abs(slope)

    def names(self, ticks, count, given):
        """Whole numbers 0, 1, ... by names that are all there."""
        at = {text: place for place, text in ticks}
        return lambda index: at[given(index)]

    def dots(self, pen):
        return [(float(dot.get("cx")), float(dot.get("cy"))) for dot in self.svg.iter("circle") if dot.get("class") == pen + " mark"]

    def paths(self, pen):
        return [[tuple(map(float, pair.split())) for pair in re.findall(r"[ML]([\d.]+ [\d.]+)", path.get("d"))]
                for path in self.svg.iter("path") if path.get("class") == pen]

    def cells(self):
        return [(*(float(cell.get(name)) for name in ("x", "y", "width", "height")), cell.get("fill"), text_of(cell))
                for cell in self.svg.iter("rect") if cell.get("fill")]


class Page:
    def __init__(self, path, raw=None):
        self.raw = gansweep("report", path, "--format", "html").stdout if raw is None else raw
        self.text = self.raw.decode("utf-8")
        self.tree = ElementTree.fromstring(self.text.removeprefix("<!DOCTYPE html>\n"))
        self.figures = {figure.get("id"): [Panel(svg) for svg in figure.iter("svg") if svg.get("role") == "img"] for figure in self.tree.iter("figure")}
        self.captions = {figure.get("id"): text_of(figure.find("figcaption")) for figure in self.tree.iter("figure")}

    def tables(self):
        found = {}
        for table in self.tree.iter("table"):
            if table.find("caption") is not None:
                rows = [[text_of(cell) for cell in row] for body in ("tbody", "tfoot") for part in table.findall(body) for row in part]
                found[text_of(table.find("caption"))] = ([text_of(name) for name in table.findall("thead/tr")[-1]], rows)
        return found


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.made = {}

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def sweep(self, name, text, *options):
        """Trains what an experiment says, once."""
        path, experiment = (os.path.join(self.folder.name, name + ending) for ending in (".h5", ".yaml"))
        if name not in self.made:
            with open(experiment, "w", encoding="utf-8") as file:
                file.write(text)
            run = gansweep("run", experiment, "-o", path, "--quiet", "--force", *options)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.made[name] = path
        return path

    def grid(self):
        return self.sweep("grid", "title: A grid\ndata: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 500}\ntrain: {epochs: 20}\n"
                          "parameters: {seed: {range: [1, 48]}, lr_G: [0.001, 0.005, 0.3], lr_D: [0.02, 0.05, 0.5, 1]}\nkeep: {samples: 0}\n")

    def report(self, path):
        return json.loads(gansweep("report", path, "--format", "json").stdout)

    def check_form(self, page):
        """What a page may be made of."""
        nesting = Nesting()
        nesting.feed(page.text)
        self.assertEqual((nesting.problems, nesting.open), ([], []))
        self.assertLess(len(page.raw), MOST_BYTES)
        allowed = set("html head meta title style body header nav main section footer h1 h2 h3 p a bdi dl dt dd figure figcaption div span "
                      "table caption thead tbody tfoot tr th td pre svg text path rect circle".split())
        self.assertLessEqual({tag for tag, _ in nesting.seen}, allowed)
        ids = [attributes["id"] for _, attributes in nesting.seen if "id" in attributes]
        self.assertEqual(len(ids), len(set(ids)))
        for tag, attributes in nesting.seen:
            for name, value in attributes.items():
                self.assertNotRegex(name, "^on|^style$|^src|^srcset$|^xlink", f"{tag} {name}")
                if name == "href":
                    self.assertRegex(value, "^#[a-z]+$")
                    self.assertIn(value[1:], ids)
                if name in ("d", "x", "y", "width", "height", "cx", "cy", "points", "viewBox"):
                    self.assertNotRegex(value, "nan|inf", f"{tag} {name}")
        policy = next(attributes["content"] for tag, attributes in nesting.seen if attributes.get("http-equiv") == "Content-Security-Policy")
        style = re.search("<style>(.*?)</style>", page.text, re.DOTALL)[1]
        ours = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self.assertEqual(policy, f"default-src 'none'; style-src 'sha256-{ours}'; base-uri 'none'; form-action 'none'")
        self.assertNotRegex(style, r"url\(|@import|http|expression")
        pens = {pen for tag, attributes in nesting.seen if tag in ("path", "rect", "circle") for pen in attributes.get("class", "").split()}
        for pen in pens - {"mark", "curve"}:
            self.assertIn(f".{pen}", style)


class Form(Case):
    def test_pages_are_well_formed_and_need_nothing_else(self):
        for path in (self.grid(), self.sweep("one", "data: {law: gaussian, A: [[2]], b: [1], n: 20}\ntrain: {epochs: 1}\nparameters: {seed: 5}\n")):
            self.check_form(Page(path))

    def test_hostile_texts_are_shown_and_do_nothing(self):
        title = "</title><script>alert(1)</script> & \"quotes\" 'single' ]]> --> <!-- \u202eright to left\u202c \u0085 ünïcode"
        text = (f"# </pre><script>alert(2)</script>\u2066\ntitle: '{title.replace(chr(39), chr(39) * 2)}'\ndata: {{law: gaussian, A: [[2]], b: [1], n: 20}}\n"
                "train: {epochs: 1}\nparameters: {seed: {range: [1, 3]}}\n")
        path = self.sweep("hostile", text.replace("\u0085", ""), "--set", "seed=1:4")
        bad = os.path.join(os.fsencode(self.folder.name), b"<b onclick='x'>&amp;\"\xff\x1b[31m.h5")
        os.link(path, bad)
        page = Page(None, raw=gansweep("report", bad, "--format", "html").stdout)
        self.check_form(page)
        shown = title.replace("\u0085", "").replace("\u202e", "\ufffd").replace("\u202c", "\ufffd")
        self.assertEqual(text_of(page.tree.find(".//h1/bdi")), shown)
        self.assertEqual(page.tree.find("head/title").text, shown)
        self.assertTrue(page.tree.find(".//header/p/bdi").text.endswith("<b onclick='x'>&amp;\"\ufffd\ufffd[31m.h5"))
        experiment = text_of(page.tree.findall(".//pre")[1])
        self.assertTrue(experiment.startswith("# </pre><script>alert(2)</script>\ufffd\ntitle: "))
        self.assertIn("gansweep run experiment.yaml --set 'seed=1:4' -o again.h5", text_of(page.tree.findall(".//pre")[0]))
        self.assertFalse("<script" in page.text)

    def test_ends_of_lines_of_other_systems_are_ends_of_lines(self):
        path = self.sweep("lines", "data: {law: gaussian, A: [[2]], b: [1], n: 20}\r\ntrain: {epochs: 1}\r\nparameters: {seed: 5}\r\n".replace("\r\n", "\n"))
        with open(os.path.join(self.folder.name, "crlf.yaml"), "wb") as file:
            file.write(b"data: {law: gaussian, A: [[2]], b: [1], n: 20}\r\ntrain: {epochs: 1}\r\nparameters: {seed: 5}\r\n")
        run = gansweep("run", os.path.join(self.folder.name, "crlf.yaml"), "-o", path + "2", "--quiet")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(*(text_of(Page(name).tree.findall(".//pre")[1]) for name in (path, path + "2")))

    def test_the_page_opens_with_the_answers_of_the_table(self):
        path = self.grid()
        page = Page(path)
        lines = gansweep("report", path).stdout.decode().splitlines()
        said = [line for line in lines[4:12]]
        answers = page.tree.find(".//dl")
        found = [f"{text_of(question):<24}  {text_of(answer)}" for question, answer in zip(answers.findall("dt"), answers.findall("dd"), strict=True)]
        self.assertEqual(found, said[:len(found)])
        self.assertEqual(len(found), 6)
        self.assertLess(page.text.index("<dl"), page.text.index("<figure"))

    def test_tables_are_those_of_the_screen_with_every_row(self):
        path = self.grid()
        page, report = Page(path), self.report(path)
        tables = page.tables()
        names, rows = next(table for caption, table in tables.items() if caption.startswith("Losses of the last epoch"))
        trained = [dict(zip(names[:6], row[:6])) for row in rows if row[0] == "trained"]
        self.assertEqual(len(trained), 12)
        for shown, row, cells in zip(trained, report["rows"], rows):
            self.assertEqual((shown["lr_G"], shown["lr_D"], shown["done"]), ("%.4g" % row["lr_G"], "%.4g" % row["lr_D"], str(row["done"])))
            expected = ["%.4f" % row["loss_D_mean"], "%.4f" % row["loss_D_sd"], "%.4f" % row["loss_D_median"]]
            for cell, value in zip(cells[6:9], (row["loss_D_mean"], row["loss_D_sd"], row["loss_D_median"])):
                self.assertAlmostEqual(float(cell), value, delta=0.51e-4, msg=expected)
        screen = gansweep("report", path).stdout.decode()
        for caption, (_, rows) in tables.items():
            self.assertTrue(caption in screen or caption.startswith("Main effect of"), caption)
        _, rows = next(table for caption, table in tables.items() if caption.startswith("The generators' samples"))
        self.assertEqual([row[0] for row in rows[12:]], ["untrained", "real data", "true law"])
        last = re.split(r"\s{2,}", next(line for line in screen.splitlines() if line.startswith("true law")))
        self.assertEqual([cell for cell in rows[-1] if cell], last)
        _, rows = next(table for caption, table in tables.items() if caption.startswith("What the swept settings"))
        for effect, row in zip(report["effects"]["responses"][0]["effects"], rows):
            self.assertEqual(row[0], effect["effect"])
            self.assertAlmostEqual(float(row[1].split()[0]), 100 * effect["eta_squared"], delta=0.051)

    def test_more_configurations_than_a_thousand_are_cut(self):
        path = self.sweep("many", "data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 8}\ntrain: {epochs: 1}\nparameters:\n"
                          "  seed: {range: [1, 2]}\n  lr_G: {min: 0.001, max: 1, count: 60, scale: log}\n  lr_D: {min: 0.001, max: 1, count: 60, scale: log}\n"
                          "convention: [torch, tf-as-documented]\ngenerator_loss: [minimax, non-saturating]\nmodel: {latent_dim: [1, 2]}\nkeep: {samples: 0}\n")
        page = Page(path)
        self.check_form(page)
        self.assertTrue("The best and the worst 1,000 of 28,800 configurations" in page.text)
        for caption, (_, rows) in page.tables().items():
            if "Main effect" not in caption and "explain" not in caption:
                self.assertEqual(sum(row[0] == "trained" for row in rows), 1000)
                self.assertIn(["... 27,800 between them"], rows)
        for panel in page.figures["maps"]:
            self.assertLessEqual(len(panel.cells()), 48 * 48)
        self.assertIn("Neighbouring values share cells.", page.captions["maps"])

    def test_a_shard_says_so_and_shows_its_own_trials(self):
        path = self.sweep("shard", "data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 60}\ntrain: {epochs: 3}\n"
                          "parameters: {seed: {range: [1, 40]}, lr_G: [0.001, 0.01, 0.1], lr_D: [0.01, 0.1, 0.5]}\nkeep: {samples: 0}\n", "--shard", "2/2")
        page = Page(path)
        self.check_form(page)
        with h5py.File(path) as file:
            trials, first = len(file["status"][:]), int(file["trial"][0])
        self.assertGreater(first, 0)
        self.assertIn(f"{trials} trials ({first} to {first + trials - 1} of 360)", text_of(page.tree.find(".//header/p")))
        self.assertTrue(page.captions["error"].strip().find(f"{trials} trainings are done.") >= 0, page.captions["error"])
        self.assertTrue("There are no main effects and interactions" in page.text)
        self.assertTrue("this file has a part of them" in page.text)
        drawn = sum(bool(re.fullmatch(r"[\d.]+ %", cell[5].split(": ")[1])) for cell in page.figures["maps"][0].cells())
        self.assertEqual(drawn, len(self.report(path)["rows"]))

    def test_how_to_make_it_again_makes_it_again(self):
        path = self.sweep("again", "title: again\ndata: {law: gaussian, A: [[2]], b: [1], n: 20}\ntrain: {epochs: 2}\nparameters: {seed: {range: [1, 3]}}\n",
                          "--set", "seed=4:9", "--set", "lr_G=0.01,0.02")
        page = Page(path)
        command, experiment = (text_of(pre) for pre in page.tree.findall(".//pre"))
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "experiment.yaml"), "w") as file:
                file.write(experiment)
            subprocess.run(["sh", "-ec", "gansweep() { \"$PROGRAM\" \"$@\"; }\n" + command], cwd=folder, check=True, capture_output=True,
                           env=os.environ | {"PROGRAM": os.path.abspath(PROGRAM)}, timeout=60)
            hashes = [re.search(rb"[0-9a-f]{32}", gansweep("verify", name).stdout)[0] for name in (path, os.path.join(folder, "again.h5"))]
            self.assertEqual(hashes[0], hashes[1])
            with open(os.path.join(folder, "again.html"), "rb") as file:
                self.assertTrue(file.read().startswith(b"<!DOCTYPE html>"))
        facts = {text_of(row.find("th")): text_of(row.find("td")) for row in page.tree.find(".//table[@class='facts']").iter("tr")}
        self.assertEqual((facts["seed"], facts["data_seed"]), ("6 values, from 4 to 9", "as seed"))
        self.assertEqual(facts["numerical contract"], "3")
        self.assertNotIn("host", facts)

    def test_nothing_finished_one_trial_diverged_and_pending(self):
        small = "data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 60}\ntrain: {epochs: 4}\n"
        diverged = self.sweep("diverged", small + "convention: [mxnet, torch]\nparameters: {seed: {range: [1, 40]}, lr_D: [0.05, 1.0e+37], lr_G: 0.05}\n")
        all_diverged = self.sweep("all-diverged", small.replace("4", "40") + "model: {discriminator: [5, 40]}\nparameters: {seed: {range: [1, 6]}, lr_D: [1.0e+37]}\n")
        page = Page(diverged)
        self.check_form(page)
        self.assertEqual(len(page.figures["effects"]), 8)
        for path in (all_diverged, self.sweep("one-trial", small + "parameters: {seed: 5}\n")):
            page = Page(path)
            self.check_form(page)
            self.assertNotIn("maps", page.figures)
        self.assertNotIn("error", Page(all_diverged).figures)

        pending = os.path.join(self.folder.name, "pending.h5")
        experiment = os.path.join(self.folder.name, "pending.yaml")
        with open(experiment, "w") as file:
            file.write("data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 1000}\nparameters: {seed: {range: [1, 100000]}, lr_G: [0.005, 0.05]}\n")
        run = subprocess.Popen([PROGRAM, "run", experiment, "-o", pending, "--quiet", "--checkpoint", "100"], stderr=subprocess.PIPE)
        while not os.path.exists(pending):
            time.sleep(0.01)
        nothing = Page(pending)
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=60)
        for page in (nothing, Page(pending)):
            self.check_form(page)
            self.assertRegex(text_of(page.tree.find(".//p[@class='warning']")), r"^[\d,]+ trials are not finished")
        if ": 0 done, 0 diverged" in nothing.text:  # no checkpoint was made yet
            self.assertTrue("No trial is finished." in nothing.text)
            self.assertLessEqual(set(nothing.figures), {"maps", "error"})  # it is still running: a trial may be done by now

    def test_warnings_are_on_the_page(self):
        path = self.sweep("few", "data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 20}\ntrain: {epochs: 1}\nparameters: {seed: 5}\ncheck: {samples: 5}\nkeep: {samples: 0}\n")
        self.assertIn("Only 5 samples of 2 components are checked", text_of(Page(path).tree.find(".//p[@class='warning']")))

    def test_pages_of_parts_of_a_report_are_refused(self):
        for part in (["--effects"], ["--compare", "0,1"], ["--two-sample"]):
            run = gansweep("report", self.grid(), "--format", "html", *part)
            self.assertEqual((run.returncode, run.stdout), (2, b""))
            self.assertIn(b"--format table, csv or json was expected", run.stderr)


class Figures(Case):
    def setUp(self):
        self.page, self.json = Page(self.grid()), self.report(self.grid())
        with h5py.File(self.grid()) as file:
            self.file = {name: file[name][:] for name in file if isinstance(file[name], h5py.Dataset)}
        self.distance = np.maximum(*(abs(self.file[name][:, -1].astype(float) - LN2) for name in ("loss_D", "loss_G")))

    def panel(self, figure, title):
        return next(panel for panel in self.page.figures[figure] if panel.title.startswith(title))

    def test_cells_of_the_error_are_where_the_trainings_are(self):
        panel = self.panel("error", "Covariance error against")
        x, _ = panel.axis(panel.x_ticks, True)
        y, _ = panel.axis(panel.y_ticks, True)
        points, counts, total = np.stack([self.distance, self.file["covariance_error"]]), [], 0
        for left, top, width, height, fill, _ in panel.cells():
            slack = 1.005  # a place has one decimal
            inside = [(points[0] * slack >= x(left)) & (points[0] < x(left + width) * slack), (points[1] * slack >= y(top + height)) & (points[1] < y(top) * slack)]
            counts.append((np.logical_and(*inside).sum(), fill))
            total += 1
        self.assertTrue(all(count > 0 for count, _ in counts))
        most = max(count for count, _ in counts)
        brightest = [count for count, fill in counts if fill == "#" + VIRIDIS[-1]]
        self.assertTrue(brightest and min(brightest) >= 0.8 * most, (most, brightest))
        self.assertGreater(sum(count for count, _ in counts), 0.999 * len(self.distance))  # those near an edge may count twice
        self.assertLess(sum(count for count, _ in counts), 1.1 * len(self.distance))
        for pen, value in (("untrained", self.json["rows"][0]["untrained"]["covariance_error_median"]),
                           ("real-data", self.json["real_data"]["covariance_error_median"]), ("true-law", self.json["ideal"]["covariance_error_median"])):
            self.assertAlmostEqual(math.log10(y(panel.paths(pen)[0][0][1])), math.log10(value), delta=0.01)
        for path, margin in zip(panel.paths("margin"), (0.0005, 0.005)):
            self.assertAlmostEqual(math.log10(x(path[0][0])), math.log10(margin), delta=0.02)
        # The medians of columns: of the trainings at the middle of one, to the width of a bin.
        for place, height in panel.paths("median")[0]:
            width = panel.cells()[0][2]
            near = (self.distance >= x(place - width / 2) * 0.999) & (self.distance < x(place + width / 2) * 1.001)
            if near.sum() >= 12:  # between the two middle trainings, one of which the column may lack at its edge, and a bin wide
                middle = np.sort(self.file["covariance_error"][near])[(near.sum() - 3) // 2:near.sum() // 2 + 2]
                self.assertGreater(math.log10(y(height)), math.log10(middle[0]) - 0.04)
                self.assertLess(math.log10(y(height)), math.log10(middle[-1]) + 0.04)

    def test_shares_by_distance_have_their_wilson_intervals(self):
        panel = self.panel("error", "How often")
        x, _ = panel.axis(panel.x_ticks, True)
        y, slope = panel.axis(panel.y_ticks, False)
        intervals = panel.paths("plain")
        self.assertGreater(len(panel.dots("plain")), 3)
        for (cx, cy), interval in zip(panel.dots("plain"), intervals, strict=True):
            bin_ = math.floor(2 * math.log10(x(cx)))
            inside = np.floor(2 * np.log10(self.distance)) == bin_
            right = int(self.file["covariance_ok"][inside].sum())
            expected = stats.binomtest(right, int(inside.sum())).proportion_ci(method="wilson")
            self.assertAlmostEqual(y(cy), 100 * right / inside.sum(), delta=0.2 * slope + 1e-9)
            top = max(y(place) for _, place in [(0, tick) for tick, _ in panel.y_ticks])
            self.assertAlmostEqual(y(interval[0][1]), 100 * expected.low, delta=0.2 * slope + 1e-9)
            if 100 * expected.high < top:
                self.assertAlmostEqual(y(interval[1][1]), 100 * expected.high, delta=0.2 * slope + 1e-9)

    def test_maps_have_the_shares_of_their_cells(self):
        share = {(row["lr_G"], row["lr_D"]): row for row in self.json["rows"]}
        for title, key in (("Losses print", "prints_ln2_share"), ("Covariance right", "covariance_ok_share"), ("Median cov", "covariance_error_median")):
            panel = self.panel("maps", title)
            values = [row[key] for row in self.json["rows"]]
            cells = panel.cells()
            self.assertEqual(len(cells), 12)
            for left, top, width, height, fill, said in cells:
                settings = dict(pair.split(" ") for pair in said.split(": ")[0].split(", "))
                row = share[float(settings["lr_G"]), float(settings["lr_D"])]
                x = next(place for place, text in panel.x_ticks if left <= place <= left + width)
                y = next(place for place, text in panel.y_ticks if top <= place <= top + height)
                columns, rows = dict(panel.x_ticks), dict(panel.y_ticks)
                label = next(text for pen, _, _, text in panel.words if pen == "label middle")
                other = "lr_D" if label == "lr_G" else "lr_G"
                self.assertEqual((columns[x], rows[y]), (settings[label], settings[other]))
                if key == "covariance_error_median":
                    self.assertEqual(said.split(": ")[1], "%.3g" % row[key])
                    at = math.log(row[key] / min(values)) / math.log(max(values) / min(values))
                else:
                    self.assertEqual(said.split(": ")[1], "%.1f %%" % (100 * row[key]))
                    at = row[key] / max(values)
                found = [int(fill[i:i + 2], 16) for i in (1, 3, 5)]
                self.assertLess(np.abs(np.array(found) - viridis(at)).max(), 2.6, said)
        self.assertIn("untrained nets %.1f %%" % (100 * self.json["rows"][0]["untrained"]["prints_ln2_share"]), self.page.captions["maps"])

    def test_bars_have_the_shares_of_the_outcomes(self):
        panel, = self.page.figures["outcomes"]
        x, slope = panel.axis(panel.x_ticks, False)
        rows = sorted(self.json["rows"], key=lambda row: (-row["covariance_ok_share"], row["frechet_distance_median"], row["configuration"]))
        outcomes = self.file["outcome"]
        at_ln2 = np.all([np.round(self.file[name][:, -1].astype(float), 3) == 0.693 for name in ("loss_D", "loss_G")], axis=0)
        names = [b"pending", b"diverged", b"converged", b"dead-discriminator", b"generator-collapsed", b"losses-only", b"discriminator-wins", b"oscillating", b"not-yet"]
        share = lambda trials: {name.decode(): 100 * float((outcomes[trials] == i).mean()) for i, name in enumerate(names)}
        expected = {"all trainings": share(outcomes >= 0), "those at 0.693 / 0.693": share(at_ln2)}
        for row in rows:
            expected["%.4g, %.4g" % (row["lr_G"], row["lr_D"])] = share(self.file["configuration"] == row["configuration"])
        expected["untrained"] = {name.decode(): 100 * (rows[0]["untrained"].get(f"outcome_{name.decode().replace('-', '_')}_share") or 0) for name in names}
        self.assertEqual([text for _, text in sorted(panel.y_ticks)], list(expected))
        words = {"converged": "converged", "equilibrium of losses only": "losses-only", "dead discriminator": "dead-discriminator", "generator collapsed": "generator-collapsed",
                 "discriminator wins": "discriminator-wins", "oscillating": "oscillating", "diverged": "diverged", "not yet": "not-yet"}
        places, ends, colours, seen = {text: place for place, text in panel.y_ticks}, {}, {}, 0
        for left, top, width, height, fill, said in panel.cells():
            name, part = said.split(": ")
            outcome = next(outcome for word, outcome in words.items() if part.startswith(word + " "))
            self.assertTrue(top < places[name] < top + height, said)
            self.assertAlmostEqual(x(left), ends.get(name, 0), delta=0.2 * slope, msg=said)
            self.assertAlmostEqual(width * slope, expected[name][outcome], delta=0.2 * slope, msg=said)
            self.assertEqual(part.removeprefix(next(word for word in words if part.startswith(word + " ")) + " "), "%.1f %%" % expected[name][outcome])
            self.assertEqual(colours.setdefault(outcome, fill), fill)
            ends[name] = x(left + width)
            seen += 1
        self.assertEqual(seen, sum(value > 0 for bar in expected.values() for value in bar.values()))
        for name, end in ends.items():
            self.assertAlmostEqual(end, 100, delta=0.6 * slope, msg=name)
        self.assertEqual(len(set(colours.values())), len(colours))
        keys = [word for word in words if word in self.page.captions["outcomes"]]
        self.assertEqual({words[word] for word in keys}, set(colours))
        keyed = re.findall(r'fill="(#[0-9a-f]{6})"/></svg> ([^<]*)<', self.page.text[self.page.text.index('id="outcomes"'):])
        self.assertEqual({words[word]: fill for fill, word in keyed if word in words}, colours)

    def test_losses_are_medians_and_bands_by_epoch(self):
        rows = self.json["rows"]
        order = sorted(range(12), key=lambda i: (-rows[i]["covariance_ok_share"], rows[i]["frechet_distance_median"], i))
        shown = {"Best covariances": order[0], "Worst covariances": order[-1], "The notebook's settings": next(i for i in range(12) if (rows[i]["lr_G"], rows[i]["lr_D"]) == (0.005, 0.05))}
        titles = [panel.title for panel in self.page.figures["losses"]]
        for why, index in shown.items():
            panel = next((panel for panel in self.page.figures["losses"] if why.lower() in panel.title.lower()), None)
            self.assertIsNotNone(panel, titles)
            self.assertIn("lr_G %.4g, lr_D %.4g" % (rows[index]["lr_G"], rows[index]["lr_D"]), panel.title)
            trials = self.file["configuration"] == index
            logarithmic = any("⁻" in text or "10" == text[:2] and len(text) > 2 and text[2] in "⁰¹²³⁴⁵⁶⁷⁸⁹" for _, text in panel.y_ticks)
            x, x_slope = panel.axis(panel.x_ticks, False)
            y, y_slope = panel.axis(panel.y_ticks, logarithmic)
            for pen, name in (("D", "loss_D"), ("G curve", "loss_G")):
                quantiles = np.quantile(self.file[name][trials].astype(float), [0.05, 0.5, 0.95], axis=0)
                line, = panel.paths(pen)
                self.assertEqual(len(line), 20)
                for epoch, (px, py) in enumerate(line):
                    self.assertAlmostEqual(x(px), epoch + 1, delta=0.2 * x_slope)
                    self.assertAlmostEqual(y(py), quantiles[1, epoch], delta=0.3 * y_slope * (1 if not logarithmic else 2.4 * quantiles[1, epoch]))
                band, = panel.paths(pen[0] + "-band")
                for epoch in range(20):
                    self.assertAlmostEqual(y(band[epoch][1]), quantiles[0, epoch], delta=0.3 * y_slope * (1 if not logarithmic else 2.4 * quantiles[0, epoch]))
                    self.assertAlmostEqual(y(band[39 - epoch][1]), quantiles[2, epoch], delta=0.3 * y_slope * (1 if not logarithmic else 2.4 * quantiles[2, epoch]))
            line, = panel.paths("ln2")
            self.assertAlmostEqual(y(line[0][1]), LN2, delta=0.3 * y_slope * (1 if not logarithmic else 2))

    def test_mean_losses_are_those_of_the_report(self):
        panel, = self.page.figures["means"]
        x, slope = panel.axis(panel.x_ticks, False)
        distance = lambda row: max(abs(row["loss_D_mean"] - LN2), abs(row["loss_G_mean"] - LN2))
        rows = sorted(self.json["rows"], key=distance)
        names = [text for _, text in sorted(panel.y_ticks)]
        self.assertEqual(names, ["%.4g, %.4g" % (row["lr_G"], row["lr_D"]) for row in rows] + ["untrained"])
        low, high = x(48), x(panel.paths("axis")[0][0][0])
        marks = {name: {} for name in "DG"}
        ends = [0, 0]
        area = [min(place for place, _ in panel.paths("axis")[-1]), 0]
        for pen, name, offset in (("D", "loss_D", -0.18), ("G", "loss_G", 0.18)):
            dots = panel.dots(pen)
            seen = 0
            for row in rows + [rows[0]["untrained"]]:
                mean = row[name + "_mean"]
                near = [dot for dot in dots if abs(x(dot[0]) - mean) < 0.2 * slope]
                seen += bool(near)
            arrows = sum(path.get("class") == pen + " mark" for path in panel.svg.iter("path"))
            self.assertEqual((seen, len(dots) + arrows), (len(dots), 13))
        strips = [rect for rect in panel.svg.iter("rect") if rect.get("class") == "strip"]
        widths = sorted(float(strip.get("width")) * slope for strip in strips)
        np.testing.assert_allclose(widths, [0.001, 0.01], atol=0.2 * slope)
        self.assertAlmostEqual(x(panel.paths("ln2")[0][0][0]), LN2, delta=0.1 * slope)
        # Intervals of the row that is nearest: the topmost one of each network.
        for pen, name in (("D", "loss_D"), ("G", "loss_G")):
            interval = min(panel.paths(pen), key=lambda path: path[0][1])
            self.assertAlmostEqual(x(interval[0][0]), rows[0][name + "_mean_low"], delta=0.2 * slope)
            self.assertAlmostEqual(x(interval[1][0]), rows[0][name + "_mean_high"], delta=0.2 * slope)

    def test_effects_are_those_of_the_report(self):
        panels = self.page.figures["effects"]
        self.assertEqual(len(panels), 8)
        for number, panel in enumerate(panels):
            response = self.json["effects"]["responses"][number % 4]
            factor = ["lr_G", "lr_D"][number // 4]
            levels = [level for level in response["levels"] if level["factor"] == factor]
            logarithmic = number % 4 >= 2
            unit = 1 if logarithmic else 100
            y, slope = panel.axis(panel.y_ticks, logarithmic)
            dots = panel.dots("plain")
            self.assertEqual(len(dots), len(levels))
            names = dict(panel.x_ticks)
            for (cx, cy), interval, level in zip(dots, panel.paths("plain"), levels):
                self.assertEqual(names[cx], "%.4g" % level[factor])
                for place, value in ((cy, level["mean"]), (interval[0][1], level["low"]), (interval[1][1], level["high"])):
                    measured = math.log10(value) if logarithmic else unit * value
                    shown = math.log10(y(place)) if logarithmic else y(place)
                    if level["mean"] > 0:
                        self.assertAlmostEqual(shown, measured, delta=0.25 * slope + 1e-9, msg=panel.title)

    def test_each_kind_of_untrained_nets_has_a_line_of_its_own(self):
        path = self.sweep("kinds", "convention: [mxnet, torch, tf]\ngenerator_loss: [non-saturating, minimax]\ndata: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 200}\n"
                          "train: {epochs: 5}\nparameters: {seed: {range: [1, 40]}, lr_G: [0.005, 0.1]}\nkeep: {samples: 0}\n")
        page, rows = Page(path), self.report(path)["rows"]
        self.check_form(page)
        numbers = lambda key: sorted({row["untrained"][key] for row in rows})
        errors, shares = numbers("covariance_error_median"), [100 * share for share in numbers("prints_ln2_share")]
        self.assertTrue(1 < len(errors) <= 4 and len(shares) > 1, (errors, shares))
        ends = ["%.1f %%" % share for share in (shares[0], shares[-1])]
        self.assertIn("untrained nets, by kind, %s to %s at 0.693 / 0.693 and covariance error %.3g to %.3g" % (*ends, errors[0], errors[-1]), page.captions["maps"])
        right = ["%.1f %%" % (100 * share) for share in numbers("covariance_ok_share")]
        self.assertIn("untrained nets, by kind, " + " to ".join(dict.fromkeys((right[0], right[-1]))), page.captions["error"])
        panels = [page.figures["error"][0]] + [panel for panel in page.figures["effects"] if panel.title == "Covariance error"]
        self.assertEqual(len(panels), 4)
        for panel in panels:
            y, _ = panel.axis(panel.y_ticks, True)
            np.testing.assert_allclose(sorted(y(line[0][1]) for line in panel.paths("untrained")), errors, rtol=0.03)
        # Losses: of the kinds that the panels' configurations belong to, of the minimax loss as it is drawn.
        order = sorted(range(len(rows)), key=lambda i: (-rows[i]["covariance_ok_share"], rows[i]["frechet_distance_median"], i))
        caption, shown = page.captions["losses"], {(rows[i]["convention"], rows[i]["generator_loss"]): rows[i] for i in (order[0], order[-1])}
        self.assertEqual(len(page.figures["losses"]), 2)  # 5 epochs are not the notebook's
        for (convention, loss), row in shown.items():
            untrained, minimax = row["untrained"], loss == "minimax"
            self.assertIn("Untrained nets, %s, %s: mean loss_D %.4f, loss_G %.4f%s." % (
                convention, loss, untrained["loss_D_mean"], (-1 if minimax else 1) * untrained["loss_G_mean"], " (its negative)" if minimax else ""), caption)
        self.assertEqual(caption.count("Untrained nets"), len(shown))
        alone = self.sweep("minimax", "generator_loss: minimax\ndata: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 200}\ntrain: {epochs: 3}\nparameters: {seed: {range: [1, 10]}}\n")
        mean = self.report(alone)["rows"][0]["untrained"]["loss_G_mean"]
        self.assertLess(mean, 0)
        self.assertIn("loss_G %.4f (its negative)." % -mean, Page(alone).captions["losses"])

    def test_of_many_kinds_of_untrained_nets_the_range_is_drawn(self):
        path = self.sweep("latents", "data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 100}\nmodel: {latent_dim: {range: [1, 7]}}\ntrain: {epochs: 2}\n"
                          "convention: tf\nparameters: {seed: {range: [1, 20]}, lr_G: [0.005, 0.1]}\nkeep: {samples: 0}\n")
        page, rows = Page(path), self.report(path)["rows"]
        errors = sorted({row["untrained"]["covariance_error_median"] for row in rows})
        self.assertGreater(len(errors), 4)
        panel = page.figures["error"][0]
        y, _ = panel.axis(panel.y_ticks, True)
        np.testing.assert_allclose(sorted(y(line[0][1]) for line in panel.paths("untrained")), [errors[0], errors[-1]], rtol=0.03)

    def test_one_swept_setting_has_no_map(self):
        path = self.sweep("line", "data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 60}\ntrain: {epochs: 1}\n"
                          "parameters: {seed: {range: [1, 20]}, lr_G: {min: 0.001, max: 1, count: 50, scale: log}}\nkeep: {samples: 0}\n")
        page = Page(path)
        self.assertEqual(set(page.figures), {"error", "outcomes", "losses", "means", "effects"})
        panel = page.figures["effects"][2]  # a line with a band, of so many levels
        self.assertEqual((len(panel.dots("plain")), len(panel.paths("plain")[0]), len(panel.paths("plain-band")[0])), (0, 50, 100))
        self.assertEqual(len(page.figures["means"][0].y_ticks), 31)  # the nearest, and the untrained nets
        self.assertIn("The 30 configurations nearest to ln 2 of 50", page.captions["means"])
        self.assertTrue(page.figures["losses"][0].dots("D"))  # of a single epoch


if __name__ == "__main__":
    unittest.main(verbosity=2)
