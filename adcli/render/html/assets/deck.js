// A deck where there is room for one; without this script, or on a phone, the page stays an article.
(async () => {
  const root = document.documentElement, wanted = new URLSearchParams(location.search)
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const turn = () => {
    const now = root.dataset.theme || (dark.matches ? 'dark' : 'light')
    root.dataset.theme = now == 'dark' ? 'light' : 'dark'
  }
  if (wanted.get('theme')) root.dataset.theme = wanted.get('theme')
  const paper = wanted.has('print-pdf')
  const small = !paper && matchMedia('(max-width: 760px), (max-height: 460px)').matches
  if (small || wanted.has('article')) {
    addEventListener('keydown', e => { if (e.key == 't' && !e.ctrlKey && !e.metaKey && !e.altKey) turn() })
    return
  }
  root.classList.add('deck')
  await Promise.allSettled([...document.fonts].map(font => font.load()))

  // What is too large for its place on a slide becomes smaller, before reveal.js hides and scales.
  const leftOf = e => e.getBoundingClientRect().left, rightOf = e => e.getBoundingClientRect().right
  const wide = (child, box) => [...child.querySelectorAll(':scope *:not(svg *):not(math *)')].some(e => rightOf(e) > rightOf(box) + 1) ||
    [...child.querySelectorAll('.res')].some(e => rightOf(e) > rightOf(e.closest('.tracker')) - 8)
  const over = box => {
    const { bottom } = box.getBoundingClientRect()
    const ends = [...box.querySelectorAll(':scope *:not(svg *):not(math *)')].map(e => e.getBoundingClientRect())
    return ends.some(e => e.bottom > bottom + 1) || wide(box, box) ||
      [...box.querySelectorAll('.reads')].some(e => Math.max(...[...e.parentElement.querySelector('.line').children].map(rightOf)) > leftOf(e) - 6) ||
      box.matches('.halves') && [...box.children].some(child => wide(child, child))
  }
  const resize = (child, zoom) => {
    child.style.zoom = zoom
    child.style.setProperty('--zoom', zoom)
  }
  const scale = (box, zoom) => { for (const child of box.children) resize(child, zoom) }
  const shrink = (box, least) => {
    let zoom = 1
    for (scale(box, zoom); zoom > least && over(box); scale(box, zoom)) zoom -= 0.05
    return zoom
  }
  // Where one block alone is far too wide, the others keep their size.
  const shrinkEach = box => {
    const own = [...box.children].map(child => {
      let zoom = 1
      scale(box, zoom)
      for (; zoom > LEAST && wide(child, box); resize(child, zoom)) zoom -= 0.05
      return zoom
    })
    const set = all => [...box.children].forEach((child, i) => { resize(child, all * own[i]) })
    for (let all = 1; set(all), all > LEAST && over(box);) all -= 0.05
  }
  const LEAST = 0.1
  for (const row of document.querySelectorAll('.storage')) {
    shrink(row, 0.7)
    row.classList.toggle('many', over(row))
  }
  for (const box of document.querySelectorAll('.stage, .side')) {
    box.classList.toggle('tight', over(box))
    const whole = shrink(box, LEAST)
    if (whole == 1) continue
    const sheet = box.closest('.sheet'), paper = 0.12 + 0.85 * whole // a crowded slide is smaller on paper, too
    if (paper < (sheet.style.getPropertyValue('--paper') || 0.78)) sheet.style.setProperty('--paper', paper.toFixed(2))
    // A formula that is too long breaks before a sign, as long as that saves the size of the letters.
    const long = [...box.querySelectorAll('.line')].filter(line => line.offsetWidth > 0.75 * box.clientWidth)
    const set = broken => long.forEach(line => line.classList.toggle('broken', broken))
    set(true)
    const broken = shrink(box, LEAST)
    if (broken < whole + 0.08) { set(false); scale(box, whole) }
    if (Math.max(whole, broken) < 0.5 || box.matches('.side')) shrinkEach(box)
  }

  const turnTo = (place, phase) => {
    for (const one of place.querySelectorAll('[data-since]')) {
      const early = phase < one.dataset.since
      one.dataset.s = early ? one.dataset.before : one.dataset.after
      one.classList.toggle('early', early)
    }
  }
  const show = () => turnTo(Reveal.getCurrentSlide(), (Reveal.getIndices().f ?? -1) + 1)
  const deck = document.getElementById('deck')
  deck.classList.add('reveal')
  for (const event of ['ready', 'slidechanged', 'fragmentshown', 'fragmenthidden']) if (!paper) Reveal.on(event, show)
  await Reveal.initialize({
    width: 1280, height: 720, margin: 0, minScale: 0.1, maxScale: 6, center: false, hash: true, transition: 'none',
    controls: false, progress: true, scrollActivationWidth: 0, pdfSeparateFragments: false,
  })
  Reveal.addKeyBinding({ keyCode: 84, key: 'T', description: 'Light or dark' }, turn)
  Reveal.addKeyBinding({ keyCode: 83, key: 'S', description: 'Speaker notes' }, speak)

  // On paper, unless each slide is to be a page (?print-pdf), the article.
  const asArticle = yes => {
    root.classList.toggle('deck', !yes)
    deck.classList.toggle('reveal', !yes)
  }
  if (!paper) {
    addEventListener('beforeprint', () => { turnTo(deck, Infinity); asArticle(true) })
    addEventListener('afterprint', () => { asArticle(false); show() })
  }

  // Speaker notes: a second window with the slide, the next one, the note and a clock.
  let desk = null
  function speak() {
    desk = open('', 'adcli-notes', 'width=1100,height=700')
    if (!desk) return
    const page = desk.document, start = Date.now()
    page.documentElement.className = root.className
    page.documentElement.dataset.theme = root.dataset.theme || (dark.matches ? 'dark' : 'light')
    page.head.replaceChildren(...[...document.querySelectorAll('head style')].map(s => s.cloneNode(true)))
    page.title = document.title
    page.body.className = 'desk'
    const view = name => `<div class="reveal view ${name}"><div class="slides"></div></div>`
    page.body.innerHTML = view('now') + view('next') + '<p class="clock"></p><p class="said"></p>'
    page.addEventListener('keydown', e => {
      const go = { ArrowRight: 'next', ' ': 'next', PageDown: 'next', ArrowLeft: 'prev', PageUp: 'prev' }[e.key]
      if (go) { e.preventDefault(); Reveal[go]() }
    })
    const tick = () => {
      const seconds = Math.floor((Date.now() - start) / 1000), two = n => String(n).padStart(2, '0')
      page.querySelector('.clock').textContent =
        `${two(Math.floor(seconds / 60))}:${two(seconds % 60)} · ${new Date().toTimeString().slice(0, 5)}`
    }
    desk.setInterval(tick, 1000)
    tick()
    tell()
  }
  function tell() {
    if (!desk || desk.closed) return
    const slides = Reveal.getSlides(), here = slides.indexOf(Reveal.getCurrentSlide())
    const put = (name, slide) => {
      const place = desk.document.querySelector(`.${name} .slides`)
      place.replaceChildren(...(slide ? [desk.document.importNode(slide, true)] : []))
      const copy = place.firstElementChild
      if (copy) { copy.removeAttribute('hidden'); copy.removeAttribute('aria-hidden'); copy.className = 'present'; copy.style.cssText = '' }
    }
    put('now', slides[here])
    put('next', slides[here + 1])
    desk.document.querySelector('.said').textContent = slides[here].querySelector('aside.notes')?.textContent || ''
  }
  for (const event of ['slidechanged', 'fragmentshown', 'fragmenthidden']) Reveal.on(event, tell)
})()
