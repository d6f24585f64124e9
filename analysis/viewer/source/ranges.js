// Runs in H5Web's worker before its own code: a remote file looks like a Blob whose slices are fetched when they are read.
(function () {
  const BLOCK = 1 << 17, MOST_BLOCKS = 256;
  const Local = self.FileReaderSync;
  function fetchBlock(file, index) {
    const begin = index * BLOCK, end = Math.min(file.size, begin + BLOCK) - 1;
    const request = new XMLHttpRequest();
    request.open("GET", file.url, false);
    request.responseType = "arraybuffer";
    request.setRequestHeader("Range", "bytes=" + begin + "-" + end);
    request.send();
    if (request.status !== 206 || request.response.byteLength !== end - begin + 1) {
      throw new Error("the server answers " + request.status);
    }
    return new Uint8Array(request.response);
  }
  class RemoteFile {
    constructor(file) {
      this.url = file.url;
      this.size = file.size;
      this.lastModified = 0;
      this.blocks = new Map();
    }
    slice(begin, end) {
      const until = Math.min(end, this.size);
      return { remote: this, begin: begin, end: until, size: Math.max(0, until - begin) };
    }
    block(index) {
      let found = this.blocks.get(index);
      if (found === undefined) {
        if (this.blocks.size >= MOST_BLOCKS) {
          this.blocks.delete(this.blocks.keys().next().value);
        }
        found = fetchBlock(this, index);
        this.blocks.set(index, found);
      }
      return found;
    }
    read(begin, end) {
      const bytes = new Uint8Array(Math.max(0, end - begin));
      for (let at = begin; at < end; ) {
        const index = Math.floor(at / BLOCK), from = at - index * BLOCK, count = Math.min(BLOCK - from, end - at);
        bytes.set(this.block(index).subarray(from, from + count), at - begin);
        at += count;
      }
      return bytes.buffer;
    }
  }
  self.asBlob = function (file) {
    return file instanceof Blob ? file : new RemoteFile(file);
  };
  self.FileReaderSync = function () {
    const local = new Local();
    this.readAsArrayBuffer = function (slice) {
      return slice.remote ? slice.remote.read(slice.begin, slice.end) : local.readAsArrayBuffer(slice);
    };
  };
})();
