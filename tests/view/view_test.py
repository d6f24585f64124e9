"""`gansweep view` as a server: what it serves, to whom, and how it ends. Oracle: Python's own HTTP client and the file.

    view_test.py PROGRAM
"""
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = sys.argv.pop(1)


class View(unittest.TestCase):
    def setUp(self):
        self.held = tempfile.TemporaryDirectory()
        self.addCleanup(self.held.cleanup)
        self.folder = pathlib.Path(self.held.name)
        (self.folder / "small.yaml").write_text("data: {law: gaussian, A: [[1, 2], [-0.1, 0.5]], b: [1, 2], n: 40}\n"
                                                "parameters: {seed: {range: [1, 20]}}\n")
        self.name = 'a "file".h5'
        subprocess.run([PROGRAM, "run", "small.yaml", "-o", self.name, "-q"], cwd=self.folder, check=True)
        self.content = (self.folder / self.name).read_bytes()
        (self.folder / "page.html").write_text("<p>the page</p>")

    def start(self, *arguments):
        process = subprocess.Popen([PROGRAM, "view", self.name, "--no-browser", "--page", "page.html", *arguments], text=True,
                                   cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        address = process.stdout.readline().strip()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)(/[0-9a-f]{32}/)", address)
        self.assertTrue(found, address + process.stderr.read() if not address else address)
        return process, int(found[1]), found[2]

    def ask(self, port, path, method="GET", body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), content

    def test_page_file_and_status_are_served(self):
        process, port, root = self.start()
        status, headers, content = self.ask(port, root)
        self.assertEqual((status, content), (200, b"<p>the page</p>"))
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        status, headers, content = self.ask(port, root + "results.h5")
        self.assertEqual((status, content), (200, self.content))
        for first, last in [(0, 0), (5, 99), (len(self.content) - 3, len(self.content) - 1), (0, len(self.content) - 1)]:
            status, headers, content = self.ask(port, root + "results.h5", Range=f"bytes={first}-{last}")
            self.assertEqual((status, content), (206, self.content[first:last + 1]))
            self.assertEqual(headers["Content-Range"], f"bytes {first}-{last}/{len(self.content)}")
        status, headers, _ = self.ask(port, root + "results.h5", Range=f"bytes={len(self.content)}-")
        self.assertEqual((status, headers["Content-Range"]), (416, f"bytes */{len(self.content)}"))
        status, headers, content = self.ask(port, root + "results.h5", method="HEAD")
        self.assertEqual((status, headers["Content-Length"], content), (200, str(len(self.content)), b""))
        said = json.loads(self.ask(port, root + "status.json")[2])
        version = said.pop("version")
        self.assertEqual(said, {"name": self.name, "size": len(self.content), "trials": 20, "finished": 20})
        self.assertEqual(json.loads(self.ask(port, root + "status.json")[2])["version"], version)
        title = self.content.index(b": 20 trainings")
        with open(self.folder / self.name, "r+b") as file:  # as a drawing that came after the last status
            file.seek(title)
            file.write(b": 19")
        self.assertNotEqual(json.loads(self.ask(port, root + "status.json")[2])["version"], version)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 0)

    def test_who_does_not_know_the_address_gets_nothing(self):
        _, port, root = self.start()
        for path in ["/", "/status.json", "/results.h5", root[:-1], root[:-2] + ("0" if root[-2] != "0" else "1") + "/",
                     root + "../small.yaml", root + "etc/passwd", root + "results.h5/", "/" + "0" * 32 + "/results.h5"]:
            status, _, content = self.ask(port, path)
            self.assertEqual(status, 404, path)
            self.assertNotIn(self.content[:100], content)
        self.assertEqual(self.ask(port, root + "results.h5", Host=f"evil.example:{port}")[0], 404)
        self.assertEqual(self.ask(port, root + "results.h5", Host=f"localhost.example:{port}")[0], 404)
        for host in [f"localhost:{port}", "localhost", "127.0.0.1:9"]:  # through a tunnel it is another port
            self.assertEqual(self.ask(port, root + "results.h5", Host=host)[0], 200)
        self.assertEqual(self.ask(port, root + "status.json", method="POST", body="x")[0], 405)
        self.assertEqual(self.ask(port, root + "results.h5", method="DELETE")[0], 405)
        with self.assertRaises(OSError):  # no other address of this machine is served
            socket.create_connection((socket.gethostbyname(socket.gethostname()) if not
                                      socket.gethostbyname(socket.gethostname()).startswith("127.") else "127.0.0.2", port), 2)

    def test_bad_input_gets_one_line(self):
        (self.folder / "text.h5").write_text("no HDF5")
        _, port, _ = self.start()
        for arguments, code, words in [(["none.h5", "--page", "page.html"], 3, "none.h5"),
                                       (["text.h5", "--page", "page.html"], 3, "not an HDF5 file"),
                                       ([self.name, "--page", "none.html"], 2, "none.html"),
                                       ([self.name, "--page", "."], 2, "is not a page"),
                                       ([self.name, "--page", "page.html", "--port", str(port)], 2, "can't be served"),
                                       ([self.name, "--port", "0"], 2, "--port"), ([self.name, "--port", "65536"], 2, "--port")]:
            run = subprocess.run([PROGRAM, "view", "--no-browser", *arguments], cwd=self.folder, capture_output=True, text=True,
                                 timeout=30)
            self.assertEqual((run.returncode, run.stdout, run.stderr.count("\n")), (code, "", 1), run.stderr)
            self.assertIn(words, run.stderr)

    def test_a_browser_that_stays_does_not_hold_up_the_end(self):
        browser = self.folder / "xdg-open"
        browser.write_text(f"#!/bin/sh\necho \"$1\" > {self.folder}/opened\ngrep SigBlk /proc/self/status > {self.folder}/mask\nexec sleep 20\n")
        browser.chmod(0o755)
        process = subprocess.Popen([PROGRAM, "view", self.name, "--page", "page.html"], cwd=self.folder, text=True,
                                   stdout=subprocess.PIPE, env=dict(os.environ, PATH=f"{self.folder}:{os.environ['PATH']}", DISPLAY=":9",
                                            XDG_RUNTIME_DIR=str(self.folder)))
        address = process.stdout.readline()
        for _ in range(100):
            if (self.folder / "mask").exists() and (self.folder / "mask").read_text():
                break
            time.sleep(0.05)
        # What others can see on the browser's command line is the name of a page that only this user can read.
        redirect = pathlib.Path((self.folder / "opened").read_text().strip())
        self.assertEqual((redirect.parent, redirect.stat().st_mode & 0o777), (self.folder, 0o600))
        self.assertIn(f'url={address.strip()}"', redirect.read_text())
        self.assertEqual((self.folder / "mask").read_text().split()[1].strip("0"), "")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(10), 0)
        self.assertFalse(redirect.exists())

    def test_without_a_page_it_says_how_to_get_one(self):
        alone = self.folder / "gansweep"
        alone.write_bytes(pathlib.Path(PROGRAM).read_bytes())
        alone.chmod(0o755)
        run = subprocess.run([alone, "view", self.name], cwd=self.folder, capture_output=True, text=True, timeout=30)
        self.assertEqual((run.returncode, run.stderr.count("\n")), (2, 1))
        self.assertIn("analysis/viewer/build", run.stderr)


unittest.main(verbosity=2)
