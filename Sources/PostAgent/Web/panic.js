// The panic button: held for a second and a half, by finger, mouse, space or Enter. Released earlier, nothing is sent.
'use strict';

(function () {
  const holdTime = 1500;
  const form = document.getElementById('panic');
  if (!form) return;
  const button = form.querySelector('button');
  const ring = button.querySelector('.fill');
  const words = document.getElementById('panic-how');
  let begun = 0;
  let frame = 0;

  function draw() {
    const part = Math.min(1, (performance.now() - begun) / holdTime);
    ring.style.strokeDashoffset = 100 - 100 * part;
    if (part < 1) {
      frame = requestAnimationFrame(draw);
    } else {
      stop();
      fire();
    }
  }

  function start() {
    if (begun) return;
    begun = performance.now();
    button.classList.add('is-held');
    words.textContent = form.dataset.now;
    say('');
    frame = requestAnimationFrame(draw);
  }

  function stop() {
    cancelAnimationFrame(frame);
    begun = 0;
    button.classList.remove('is-held');
    ring.style.strokeDashoffset = 100;
    words.textContent = form.dataset.how;
  }

  function release() {
    if (!begun) return;
    stop();
    say(form.dataset.early, true);
  }

  async function fire() {
    navigator.vibrate?.(200);
    if (window.knownPosition) putPosition(form, window.knownPosition);
    words.textContent = form.dataset.sending;
    button.disabled = true;
    try {
      const answer = await sendForm(form, form.dataset.unsent);
      form.elements.id.value = answer.id;
      await window.showReports?.(answer.tip.tip);
    } catch (error) {
      say(error.message, true);
    } finally {
      button.disabled = false;
      words.textContent = form.dataset.how;
    }
  }

  button.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId);
    start();
  });
  button.addEventListener('pointerup', release);
  button.addEventListener('pointercancel', release);
  button.addEventListener('keydown', (event) => {
    if (event.key !== ' ' && event.key !== 'Enter') return;
    event.preventDefault();
    if (!event.repeat) start();
  });
  button.addEventListener('keyup', (event) => {
    if (event.key === ' ' || event.key === 'Enter') release();
  });
  button.addEventListener('blur', release);
  button.addEventListener('contextmenu', (event) => event.preventDefault());
  form.addEventListener('submit', (event) => event.preventDefault());
})();
