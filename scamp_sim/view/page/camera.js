// A camera of this machine: its frames as grey pictures of the size of the array, as an array of NumPy, to the server
// that served this page. Nothing is kept, and nothing goes anywhere else.

const SIDE = 1024; // the largest array

export class Camera {
  constructor() {
    this.stream = null;
    this.video = document.createElement("video");
    this.video.muted = true;
    this.video.playsInline = true;
  }

  get on() {
    return this.stream !== null;
  }

  static get there() {
    return Boolean(navigator.mediaDevices?.getUserMedia);
  }

  // ended: called when the camera is taken away.
  async start(ended) {
    const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: false });
    this.stream = stream;
    for (const track of stream.getTracks()) track.addEventListener("ended", ended);
    this.video.srcObject = stream;
    await this.video.play();
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
  }

  // So many frames, one after another, cropped at the centre and scaled to rows x columns; a file of NumPy.
  async frames(count, rows, columns) {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.min(columns, SIDE), Math.min(rows, SIDE)];
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const size = canvas.width * canvas.height;
    const grey = new Uint8Array(count * size);
    for (let n = 0; n < count && this.on; n += 1) {
      await this._next();
      const [wide, high] = [this.video.videoWidth, this.video.videoHeight];
      const scale = Math.max(canvas.width / wide, canvas.height / high);
      const [w, h] = [canvas.width / scale, canvas.height / scale];
      context.drawImage(this.video, (wide - w) / 2, (high - h) / 2, w, h, 0, 0, canvas.width, canvas.height);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      for (let i = 0; i < size; i += 1) {
        grey[n * size + i] = Math.round(0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]);
      }
    }
    return new Blob([header([count, canvas.height, canvas.width]), grey]);
  }

  // The next frame of the camera, or the present one where it does not come.
  _next() {
    return new Promise((done) => {
      const late = setTimeout(done, 200);
      if (!this.video.requestVideoFrameCallback) return;
      this.video.requestVideoFrameCallback(() => {
        clearTimeout(late);
        done();
      });
    });
  }
}

// The head of a .npy file of uint8.
function header(shape) {
  const said = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(", ")}), }`;
  const text = said.padEnd(Math.ceil((said.length + 11) / 64) * 64 - 11) + "\n";
  return new Uint8Array([
    ...[0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8],
    ...new TextEncoder().encode(text),
  ]);
}

// What the browser says when it gives no camera, with the remedy.
export function whyNot(error) {
  if (error.name === "NotAllowedError") return "the browser gives this page no camera: allow it for this address, and press again.";
  if (error.name === "NotFoundError") return "there is no camera: plug one in, and press again, or open a picture.";
  return `the camera does not start: ${error.message}; close what else uses it, and press again.`;
}
