// The form: a category opens it at once, and what is typed survives when the post's computer cannot be reached.
'use strict';

const notice = document.getElementById('notice');

let sayTimer = 0;

/** Says something in the live region at the top of the page. Good news goes by itself; a refusal stays. */
function say(words, isRefusal) {
  clearTimeout(sayTimer);
  if (words && !isRefusal) sayTimer = setTimeout(() => { notice.textContent = ''; }, 10000);
  notice.textContent = words;
  notice.classList.toggle('refusal', Boolean(isRefusal));
  if (words) notice.scrollIntoView({ block: 'nearest' });
}

/** Sends a form in the background. Resolves to the answer's JSON; throws an Error with words for the guard. */
async function sendForm(form, unsent) {
  let answer;
  try {
    answer = await fetch(form.action, {
      method: 'POST', headers: { Accept: 'application/json' }, body: new URLSearchParams(new FormData(form)),
    });
  } catch {
    throw new Error(unsent);
  }
  if (answer.status === 401) location.reload();
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(body?.error?.message ?? unsent);
  return body;
}

/** Fills the fields of a form with the last known position. */
function putPosition(form, position) {
  form.elements.latitude.value = position ? position.coords.latitude : '';
  form.elements.longitude.value = position ? position.coords.longitude : '';
  form.elements.accuracy.value = position ? Math.round(position.coords.accuracy) : '';
}

(function () {
  const categories = document.getElementById('categories');
  const form = document.getElementById('say');
  if (!form) return;
  const chosenName = document.getElementById('chosen-name');
  const extras = document.getElementById('extras');
  const send = form.querySelector('.go');
  const sendWords = send.textContent;

  function choose(code, name) {
    form.elements.category.value = code;
    chosenName.textContent = name;
    for (const group of form.querySelectorAll('.phrases')) {
      const isChosen = group.dataset.category === code;
      group.hidden = !isChosen;
      group.disabled = !isChosen;
    }
    form.hidden = !code;
    categories.classList.toggle('is-chosen', Boolean(code));
    if (code) {
      say('');
      chosenName.focus({ preventScroll: true });
      form.scrollIntoView({ block: 'start' });
    } else {
      categories.querySelector('button').focus();
    }
  }

  function clear() {
    for (const box of form.querySelectorAll('.phrases input')) box.checked = false;
    form.elements.text.value = '';
    form.elements.place.value = '';
    extras.textContent = '';
    putPosition(form, null);
    form.dispatchEvent(new Event('cleared'));
  }

  categories.addEventListener('submit', (event) => {
    if (!event.submitter) return;
    event.preventDefault();
    choose(event.submitter.value, event.submitter.textContent);
  });

  form.querySelector('.change').addEventListener('click', (event) => {
    event.preventDefault();
    choose('', '');
  });

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (send.disabled) return;
    send.disabled = true;
    send.textContent = form.dataset.sending;
    try {
      const answer = await sendForm(form, form.dataset.unsent);
      form.elements.id.value = answer.id;
      clear();
      choose('', '');
      await window.showReports?.(answer.tip.tip);
    } catch (error) {
      // Nothing is cleared: the same form is pressed again, and counts once.
      say(error.message, true);
    } finally {
      send.disabled = false;
      send.textContent = sendWords;
    }
  });

  const locate = document.getElementById('locate');
  locate.addEventListener('click', () => {
    if (!navigator.geolocation) {
      extras.textContent = locate.dataset.failed;
      return;
    }
    extras.textContent = locate.dataset.busy;
    navigator.geolocation.getCurrentPosition(
      (position) => {
        window.knownPosition = position;
        putPosition(form, position);
        extras.textContent = locate.dataset.done.replace('{0}', Math.round(position.coords.accuracy));
      },
      () => { extras.textContent = locate.dataset.failed; },
      { enableHighAccuracy: true, timeout: 10000, maximumAge: 60000 });
  });

  // A drill ends by itself: the page that says so must not stay.
  const until = Number(document.body.dataset.drillUntil);
  if (until) setTimeout(() => location.assign('/'), Math.max(0, until - Date.now()) + 200);
})();

// A one-time link opens by itself where scripts run.
document.getElementById('open')?.requestSubmit();
