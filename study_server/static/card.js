// The picture of a score: title, score, and a mark per clip, right or wrong; nothing about the clips.

const INK = "#f5eedf";
const PAPER = "#171228";
const HAND = "#ff9f83";
const MACHINE = "#a3b8ff";
const STEPS = [[50, 0], [0, -22], [60, 0], [0, 40], [70, 0], [0, -26], [140, 0]];

export async function drawCard(box) {
  await document.fonts.ready;
  const canvas = box.querySelector("canvas");
  const { title, score, n, marks, line, file } = box.dataset;
  const pen = canvas.getContext("2d");
  pen.fillStyle = PAPER;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  drawStaff(pen);
  write(pen, title, 72, 110, "600 44px Fraunces, serif", INK);
  write(pen, score, 72, 370, "600 230px Fraunces, serif", HAND);
  const width = pen.measureText(score).width;
  write(pen, `/ ${n}`, 72 + width + 28, 370, "600 84px Fraunces, serif", INK);
  write(pen, line, 72, 450, "500 38px Figtree, sans-serif", INK);
  drawMarks(pen, [...marks]);
  box.hidden = false;
  box.querySelector("button").addEventListener("click", () => save(canvas, file));
}

function write(pen, text, x, y, font, color) {
  pen.font = font;
  pen.fillStyle = color;
  pen.fillText(text, x, y);
}

// The motif: five lines that flow by hand and go on in steps.
function drawStaff(pen) {
  pen.lineWidth = 3;
  for (let row = 0; row < 5; row += 1) {
    const y = 150 + 34 * row;
    pen.globalAlpha = 0.55;
    pen.strokeStyle = HAND;
    pen.beginPath();
    pen.moveTo(640, y);
    pen.bezierCurveTo(720, y - 90, 800, y + 90, 900, y - 10);
    pen.stroke();
    pen.strokeStyle = MACHINE;
    pen.beginPath();
    pen.moveTo(900, y - 10);
    let [x, at] = [900, y - 10];
    for (const [dx, dy] of STEPS) pen.lineTo((x += dx), (at += dy));
    pen.stroke();
  }
  pen.globalAlpha = 1;
}

function drawMarks(pen, marks) {
  const size = Math.min(44, 1056 / marks.length - 10);
  marks.forEach((mark, index) => {
    pen.fillStyle = mark === "1" ? HAND : "#382f54";
    pen.beginPath();
    pen.roundRect(72 + index * (size + 10), 510, size, size, 10);
    pen.fill();
  });
}

function save(canvas, file) {
  canvas.toBlob(async (blob) => {
    const picture = new File([blob], file, { type: "image/png" });
    if (navigator.canShare?.({ files: [picture] })) {
      await navigator.share({ files: [picture] }).catch(() => {});
      return;
    }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = file;
    link.click();
  });
}
