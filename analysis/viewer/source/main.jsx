// The page: choose a results file, see H5Web at its first plot, and the sweep with a click on a configuration.
import "@h5web/app/styles.css";
import "./page.css";
import { App } from "@h5web/app";
import { H5WasmLocalFileProvider } from "@h5web/h5wasm";
import { Component, StrictMode, Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import { Sweep } from "./sweep.jsx";

const SECONDS_BETWEEN_LOOKS = 3;

/** What a failure means for whoever looks at the page. */
function explain(error) {
  const text = String(error?.message ?? error);
  if (/could not be read|NotReadable|permission|server answers/i.test(text)) {
    return "The file has changed since it was chosen, as it does while a sweep runs: choose it again.";
  }
  if (/open_file|not.*HDF5|Error detected in HDF5|superblock|file signature|unable to open/i.test(text)) {
    return "This file can't be read as HDF5: it is of another kind, cut off, or damaged.";
  }
  return text;
}

class Guard extends Component {
  state = { error: null };
  static getDerivedStateFromError(error) {
    return { error };
  }
  componentDidUpdate(before) {
    if (before.of !== this.props.of && this.state.error) {
      this.setState({ error: null });
    }
  }
  render() {
    return this.state.error ? <p className="message" role="alert">{explain(this.state.error)}</p> : this.props.children;
  }
}

function Choose({ onFile, message }) {
  const [over, setOver] = useState(false);
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer.files.length > 0) {
      onFile(event.dataTransfer.files[0]);
    }
  };
  return (
    <main className={`choose${over ? " over" : ""}`} onDragOver={(event) => { event.preventDefault(); setOver(true); }}
          onDragLeave={() => setOver(false)} onDrop={drop}>
      <h1>gansweep results</h1>
      {message && <p className="message" role="alert">{message}</p>}
      <label className="button">
        Choose a results file
        <input type="file" accept=".h5,.hdf5,.nc" onChange={(event) => event.target.files[0] && onFile(event.target.files[0])} />
      </label>
      <p>or drop it here. It is read on this machine, piece by piece, and not sent anywhere.</p>
    </main>
  );
}

const VIEWS = [["plots", "Plots and data"], ["sweep", "Sweep"]];

function Results({ file, version, onClose, note }) {
  const [view, setView] = useState("plots");
  const narrow = window.innerWidth < 700;
  return (
    <div className="results">
      <header>
        <strong title={file.name}>{file.name}</strong>
        <nav role="tablist" aria-label="views">
          {VIEWS.map(([name, label]) => (
            <button key={name} role="tab" aria-selected={view === name} onClick={() => setView(name)}>{label}</button>
          ))}
        </nav>
        <span className="note" role="status">{note}</span>
        {onClose && <button onClick={onClose}>Other file</button>}
      </header>
      <Guard of={`${file.name} ${version}`}>
        <H5WasmLocalFileProvider file={file} resetKeys={[version]}>
          <div className="view" role="tabpanel" hidden={view !== "plots"}>
            <Suspense fallback={<p className="message">Opening ...</p>}><App sidebarOpen={!narrow} propagateErrors /></Suspense>
          </div>
          {view === "sweep" && (
            <div className="view scroll" role="tabpanel">
              <Guard of={version}><Suspense fallback={<p className="message">Reading ...</p>}><Sweep /></Suspense></Guard>
            </div>
          )}
        </H5WasmLocalFileProvider>
      </Guard>
    </div>
  );
}

/** A file that the reader has chosen. */
function Local() {
  const [file, setFile] = useState(null);
  const [message, setMessage] = useState(null);
  const [version, setVersion] = useState(0);
  const [stale, setStale] = useState(false);
  const choose = useCallback((chosen) => {
    setMessage(chosen.size === 0 ? `${chosen.name} is empty.` : null);
    setFile(chosen.size === 0 ? null : chosen);
    setVersion((before) => before + 1);
    setStale(false);
  }, []);
  useEffect(() => {
    if (file === null) {
      return undefined;
    }
    // A browser refuses to read a file that was written to since it was chosen.
    const timer = setInterval(() => file.slice(0, 1).arrayBuffer().then(() => setStale(false), () => setStale(true)),
                              1000 * SECONDS_BETWEEN_LOOKS);
    return () => clearInterval(timer);
  }, [file]);
  if (file === null) {
    return <Choose onFile={choose} message={message} />;
  }
  return (
    <Results file={file} version={version} onClose={() => setFile(null)}
             note={stale ? "The file has changed since: choose it again to see what came." : ""} />
  );
}

/** The file that `gansweep view` serves: looked at again as trials finish. */
function Served({ first }) {
  const [status, setStatus] = useState(first);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    const timer = setInterval(async () => {
      try {
        const answer = await fetch("status.json", { cache: "no-store" });
        if (answer.ok) {
          const now = await answer.json();
          setStatus((before) => (before.version === now.version ? before : now));
        }
        setProblem(answer.ok ? null : await answer.text());
      } catch {
        setProblem("gansweep view has ended.");
      }
    }, 1000 * SECONDS_BETWEEN_LOOKS);
    return () => clearInterval(timer);
  }, []);
  const { name, size, version, finished, trials } = status;
  const file = useMemo(() => ({ name, size, url: new URL("results.h5", window.location.href).href }), [name, size]);
  const note = problem ?? (finished < trials ? `${finished.toLocaleString("en")} of ${trials.toLocaleString("en")} trials` : "");
  return <Results file={file} version={version} note={note} />;
}

async function start() {
  let first = null;
  if (window.location.protocol.startsWith("http")) {
    try {
      const answer = await fetch("status.json", { cache: "no-store" });
      first = answer.ok ? await answer.json() : null;
    } catch {
      first = null; // the page stands on some web server: the reader chooses a file
    }
  }
  createRoot(document.getElementById("page")).render(<StrictMode>{first ? <Served first={first} /> : <Local />}</StrictMode>);
}

start();
