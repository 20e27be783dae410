// Sound, vibration and a lit screen. What rings is told by the page itself: an incident with data-alarm has not been
// acknowledged. So an acknowledgement stops the alarm on every screen, and a phone that was away rings for what it missed.

(function () {
  "use strict";

  // Tones in hertz and milliseconds (0 hertz: a pause), the pause before the pattern comes again, and the vibration.
  const patterns = {
    emergency: { tones: [[988, 180], [0, 60], [740, 180], [0, 60], [988, 180], [0, 60], [740, 180]], again: 1500, shake: [300, 100, 300, 100, 300] },
    urgent: { tones: [[880, 220], [0, 120], [880, 220]], again: 5000, shake: [300, 150, 300] },
    priority: { tones: [[660, 200]], again: 30000, shake: [200] },
  };
  const order = ["emergency", "urgent", "priority"];
  const storeKey = "watchpost.sound";

  const button = document.getElementById("sound");
  const needed = document.getElementById("sound-needed");
  let audio = null;
  let timer = 0;
  let ringing = "";
  let lock = null;

  function isOn() { return Boolean(audio) && audio.state === "running"; }

  function remember(value) {
    try { localStorage.setItem(storeKey, value); } catch (error) { /* A private window keeps nothing. */ }
  }

  function isRemembered() {
    try { return localStorage.getItem(storeKey) === "on"; } catch (error) { return false; }
  }

  function show() {
    if (!button) return;
    button.hidden = false;
    button.textContent = isOn() ? button.dataset.on : button.dataset.off;
    button.setAttribute("aria-pressed", String(isOn()));
    if (needed) needed.hidden = isOn();
  }

  // Browsers let a page sound only after a touch. The first touch anywhere is enough once somebody has said yes.
  async function turnOn(isAsked) {
    const Context = window.AudioContext || window.webkitAudioContext;
    if (!Context) return;
    if (!audio) audio = new Context();
    audio.onstatechange = show;
    try { await audio.resume(); } catch (error) { return; }
    if (isAsked) {
      remember("on");
      play(patterns.priority);
    }
    keepAwake();
    show();
    ring();
  }

  function turnOff() {
    remember("off");
    if (audio) audio.close();
    audio = null;
    show();
  }

  function play(pattern) {
    if (!isOn()) return;
    let at = audio.currentTime + 0.02;
    for (const [hertz, milliseconds] of pattern.tones) {
      const length = milliseconds / 1000;
      if (hertz > 0) {
        const tone = audio.createOscillator();
        const volume = audio.createGain();
        tone.type = "square";
        tone.frequency.value = hertz;
        volume.gain.setValueAtTime(0.0001, at);
        volume.gain.exponentialRampToValueAtTime(0.35, at + 0.015);
        volume.gain.setValueAtTime(0.35, at + length - 0.03);
        volume.gain.exponentialRampToValueAtTime(0.0001, at + length);
        tone.connect(volume).connect(audio.destination);
        tone.start(at);
        tone.stop(at + length);
      }
      at += length;
    }
  }

  // A browser refuses it, and complains, until somebody has touched the page.
  function shake(pattern) {
    if (navigator.vibrate && navigator.userActivation && navigator.userActivation.hasBeenActive) navigator.vibrate(pattern);
  }

  function ring() {
    const levels = Array.from(document.querySelectorAll("main [data-alarm]"), (item) => item.dataset.alarm);
    const level = order.find((one) => levels.includes(one)) || "";
    if (level === ringing && timer) return;
    clearTimeout(timer);
    timer = 0;
    ringing = level;
    document.body.classList.toggle("is-ringing", level !== "");
    if (!level) {
      shake(0);
      return;
    }
    const pattern = patterns[level];
    const length = pattern.tones.reduce((sum, tone) => sum + tone[1], 0);
    (function again() {
      play(pattern);
      shake(pattern.shake);
      timer = setTimeout(again, length + pattern.again);
    })();
  }

  // A patrol's phone stays lit while the page is in front, where the browser can do that.
  async function keepAwake() {
    if (!document.body.classList.contains("patrol") || !("wakeLock" in navigator) || document.hidden || lock) return;
    try {
      lock = await navigator.wakeLock.request("screen");
      lock.addEventListener("release", () => { lock = null; });
    } catch (error) { /* The battery is low, or the browser does not want to. */ }
  }

  if (button) button.addEventListener("click", () => (isOn() ? turnOff() : turnOn(true)));
  if (isRemembered()) {
    turnOn(false);
    document.addEventListener("pointerdown", () => { if (!isOn() && isRemembered()) turnOn(false); });
  }
  document.addEventListener("visibilitychange", keepAwake);
  document.addEventListener("watchpost:fresh", ring);
  keepAwake();
  show();
  ring();
})();
