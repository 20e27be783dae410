// The list keeps itself up to date: the agent says that something changed, and the list is fetched again. When the agent cannot
// be reached, the page says that what it shows may be old.
'use strict';

(function () {
  const place = document.getElementById('reports');
  const stale = document.getElementById('stale');
  if (!place) return;
  let isFetching = false;
  let isWanted = false;

  async function refresh() {
    if (isFetching) {
      isWanted = true;
      return;
    }
    isFetching = true;
    try {
      do {
        isWanted = false;
        const answer = await fetch('/page/reports');
        if (answer.status === 401) location.reload();
        if (!answer.ok) throw new Error();
        replace(await answer.text());
        stale.hidden = true;
      } while (isWanted);
    } catch {
      stale.hidden = false;
    } finally {
      isFetching = false;
    }
  }

  /** Puts the new list in place, and leaves what the guard opened or is on. */
  function replace(text) {
    const isOpen = document.getElementById('earlier')?.open;
    const focused = place.contains(document.activeElement) ? document.activeElement.closest('.report')?.id : null;
    place.innerHTML = text;
    showLatest();
    if (isOpen && document.getElementById('earlier')) document.getElementById('earlier').open = true;
    if (focused) document.getElementById(focused)?.querySelector('button')?.focus();
  }

  /** On a phone the list is below the buttons: what the newest open report has come to stands above them, too. */
  function showLatest() {
    const source = place.querySelector('.latest-source');
    const latest = document.getElementById('latest');
    latest.hidden = !source;
    if (!source) return;
    latest.href = '#tip-' + source.dataset.id;
    latest.querySelector('span').textContent = source.textContent;
    latest.querySelector('small').textContent = source.dataset.name;
  }

  /** Shows the list with a new report in it, and says how it stands. */
  window.showReports = async function (id) {
    await refresh();
    const report = document.getElementById('tip-' + id);
    if (!report) return;
    say(report.querySelector('.now').textContent, report.classList.contains('is-failed'));
    report.scrollIntoView({ block: 'nearest' });
  };

  place.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = event.submitter;
    if (button) button.disabled = true;
    try {
      await sendForm(event.target, document.getElementById('say').dataset.unsent);
      await refresh();
    } catch (error) {
      say(error.message, true);
      if (button) button.disabled = false;
    }
  });

  const events = new EventSource('/page/events');
  events.addEventListener('change', refresh);
  events.addEventListener('error', () => { stale.hidden = false; });
  // Ages grow though nothing happens.
  setInterval(refresh, 30000);
})();
