// A photo is drawn again, at most 1600 pixels wide or high: smaller on a slow line, and without what the camera wrote into it
// (place, time, owner). It goes to the post's computer at once; the tip then names it.
'use strict';

(function () {
  const longest = 1600;
  const mostBytes = 2 * 1024 * 1024;
  const form = document.getElementById('say');
  const input = document.getElementById('photo-file');
  if (!form || !input) return;
  const words = document.getElementById('extras');
  const preview = document.getElementById('preview');
  const picture = preview.querySelector('img');

  /** The picture as JPEG within the limits. */
  async function redraw(file) {
    const source = await createImageBitmap(file, { imageOrientation: 'from-image' });
    const scale = Math.min(1, longest / Math.max(source.width, source.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(source.width * scale));
    canvas.height = Math.max(1, Math.round(source.height * scale));
    const pen = canvas.getContext('2d');
    pen.fillStyle = '#fff';
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(source, 0, 0, canvas.width, canvas.height);
    source.close();
    for (const quality of [0.82, 0.65, 0.45]) {
      const blob = await new Promise((done) => canvas.toBlob(done, 'image/jpeg', quality));
      if (blob && blob.size <= mostBytes) return blob;
    }
    throw new Error(input.dataset.kind);
  }

  function forget() {
    form.elements.photo.value = '';
    input.value = '';
    if (picture.src) URL.revokeObjectURL(picture.src);
    picture.removeAttribute('src');
    preview.hidden = true;
  }

  input.addEventListener('change', async () => {
    const file = input.files[0];
    if (!file) return;
    words.textContent = input.dataset.busy;
    try {
      const blob = await redraw(file).catch(() => { throw new Error(input.dataset.kind); });
      const answer = await fetch('/page/photos', {
        method: 'POST', body: blob,
        headers: { Accept: 'application/json', 'Content-Type': blob.type, 'X-CSRF-Token': form.elements.csrf.value },
      }).catch(() => { throw new Error(form.dataset.unsent); });
      const body = await answer.json();
      if (!answer.ok) throw new Error(body.error.message);
      form.elements.photo.value = body.sha256;
      picture.src = URL.createObjectURL(blob);
      preview.hidden = false;
      words.textContent = input.dataset.done;
    } catch (error) {
      forget();
      words.textContent = input.dataset.failed.replace('{0}', error.message);
    }
  });

  preview.querySelector('button').addEventListener('click', () => {
    forget();
    words.textContent = '';
  });
  form.addEventListener('cleared', forget);
})();
