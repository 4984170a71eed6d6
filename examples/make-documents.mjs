// Makes the documents in examples/documents: small files of invented business content, one of them damaged on purpose.
// Run from the repository: node examples/make-documents.mjs. It needs the DejaVu and Noto CJK fonts of Debian
// (fonts-dejavu-core, fonts-noto-cjk); the PDFs hold only the letters that they use. The date inside is fixed, so that
// a second run changes nothing that a reader sees.
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import PDFDocument from 'pdfkit';

const FOLDER = fileURLToPath(new URL('./documents/', import.meta.url));
const DEJAVU = '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf';
const NOTO_CJK = '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc';
const MADE_ON = new Date(Date.UTC(2026, 0, 15, 9));

async function makePdf(name, title, write) {
  const path = join(FOLDER, name);
  await mkdir(join(path, '..'), { recursive: true });
  const pdf = new PDFDocument({
    size: 'A4',
    margin: 56,
    info: { Title: title, Author: 'Northwind Lantern Works', CreationDate: MADE_ON },
  });
  const file = pdf.pipe(createWriteStream(path));
  write(pdf);
  pdf.end();
  await finished(file);
}

async function makeText(name, lines) {
  const path = join(FOLDER, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `${lines.join('\n')}\n`);
}

function heading(pdf, text, size = 18) {
  pdf.font('Helvetica-Bold').fontSize(size).text(text).moveDown(0.5).font('Helvetica').fontSize(10.5);
}

function table(pdf, columnWidths, rows) {
  pdf.fontSize(9.5).table({ columnStyles: columnWidths, data: rows });
  pdf.fontSize(10.5).moveDown();
}

function invoice(pdf) {
  heading(pdf, 'Invoice 2026-0117');
  pdf.text('Northwind Lantern Works, 14 Quay Street, Port Alder').moveDown(0.3);
  pdf.text('To: Harbour & Sons Hotels, 3 Mole Road, Port Alder').moveDown(0.3);
  pdf.text('Date: 15 January 2026. Due: 14 February 2026.').moveDown();
  const lines = [
    ['Storm lantern, brass', 24, 48.5],
    ['Deck lamp, 12 V', 60, 19.9],
    ['Glass chimney, spare', 40, 4.25],
    ['Fitting and test, hours', 9, 62],
  ];
  const total = lines.reduce((sum, [, count, price]) => sum + count * price, 0);
  table(
    pdf,
    [220, 60, 90, 90],
    [
      ['Item', 'Count', 'Price', 'Amount'],
      ...lines.map(([item, count, price]) => [item, String(count), price.toFixed(2), (count * price).toFixed(2)]),
      ['Total', '', '', total.toFixed(2)],
    ],
  );
  pdf.text('Please pay by bank transfer and quote the number of the invoice.');
}

const QUARTERS = ['first', 'second', 'third', 'fourth'];

function annualReport(pdf) {
  heading(pdf, 'Annual report 2025', 24);
  pdf.text('Northwind Lantern Works makes lamps for ships, harbours and hotels. This report tells how the year went.');
  pdf
    .moveDown()
    .text('Sales grew in three of four quarters. The workshop moved in May and lost nine working days by it.');
  QUARTERS.forEach((quarter, index) => {
    pdf.addPage();
    heading(pdf, `The ${quarter} quarter`);
    const sold = 1180 + index * 214 - (index === 1 ? 390 : 0);
    pdf.text(`We sold ${sold} lamps in the ${quarter} quarter and took back ${7 + index}.`).moveDown();
    table(
      pdf,
      [160, 100, 100, 100],
      [
        ['Line', 'Sold', 'Returned', 'In stock'],
        ['Storm lanterns', String(Math.round(sold * 0.4)), String(2 + index), String(310 - index * 22)],
        ['Deck lamps', String(Math.round(sold * 0.5)), String(4), String(870 - index * 61)],
        ['Table lamps', String(Math.round(sold * 0.1)), String(1), String(95 + index * 8)],
      ],
    );
    heading(pdf, 'What we learned', 13);
    for (let part = 1; part <= 4; part += 1) {
      pdf.text(
        `Note ${index + 1}.${part}: orders from harbours came early, orders from hotels came late, and the supplier ` +
          `of glass kept ${90 + part + index} % of the promised dates. We shall keep two months of glass in store.`,
      );
      pdf.moveDown(0.6);
    }
  });
  pdf.addPage();
  heading(pdf, 'Outlook');
  pdf.text('For 2026 we plan a line of solar buoys and a second kiln. Both are paid for.');
}

function priceList(pdf) {
  heading(pdf, 'Price list, spring 2026');
  const families = ['Storm lantern', 'Deck lamp', 'Table lamp', 'Buoy light', 'Signal lamp'];
  families.forEach((family, index) => {
    heading(pdf, family, 12);
    const rows = ['small', 'medium', 'large', 'brass', 'steel'].map((variant, position) => [
      `${family.slice(0, 2).toUpperCase()}-${index + 1}${position + 1}0`,
      `${family}, ${variant}`,
      `${(14.5 + index * 7.3 + position * 3.9).toFixed(2)}`,
      `${(13 + index * 6.6 + position * 3.4).toFixed(2)}`,
    ]);
    table(pdf, [80, 200, 90, 90], [['Number', 'Article', 'From 1', 'From 50'], ...rows]);
    if (index === 2) pdf.addPage();
  });
}

function letter(pdf) {
  pdf.font(DEJAVU).fontSize(11);
  pdf.text('Уважаемая госпожа Соколова!').moveDown();
  pdf.text('Благодарим Вас за заказ сорока корабельных фонарей. Отправим их морем 3 февраля 2026 года.').moveDown();
  pdf.text('С уважением, мастерская «Северный фонарь»').moveDown(2);
  pdf.text('Αγαπητέ κύριε Παπαδόπουλε,').moveDown();
  pdf
    .text('Σας ευχαριστούμε για την παραγγελία. Τα φανάρια θα φτάσουν στον Πειραιά στις 20 Φεβρουαρίου 2026.')
    .moveDown();
  pdf.text('Με εκτίμηση, το εργαστήριο «Φανός του Βορρά»');
}

function japaneseOrder(pdf) {
  pdf.font(NOTO_CJK, 'NotoSansCJKjp-Regular').fontSize(12);
  pdf.text('注文書').moveDown();
  pdf.text('日付：二〇二六年一月十五日').moveDown(0.5);
  pdf.text('品名：船舶用ランプ　数量：四十個').moveDown(0.5);
  pdf.text('納期は二月末日とし、横浜港で受け取ります。').moveDown(0.5);
  pdf.text('よろしくお願いいたします。');
}

const HANDBOOK = [
  '# Workshop handbook',
  '',
  'How a lamp is made, from the order to the crate.',
  '',
  '## Steps',
  '',
  '| Step | Who | Hours |',
  '| --- | --- | --- |',
  '| Cut and bend | Metal bench | 1.5 |',
  '| Solder | Metal bench | 0.75 |',
  '| Fit the glass | Glass bench | 0.5 |',
  '| Test in the dark room | Control | 0.25 |',
  '',
  '## Rules',
  '',
  '- Wear goggles at the kiln.',
  '- A lamp that fails the test goes back one step, never two.',
];

const MINUTES = [
  'Minutes of the meeting on 12 January 2026',
  '',
  'Present: A. Lund, K. Okafor, M. Ferreira',
  '',
  '1. The second kiln arrives on 9 March. The floor has to be dry by then.',
  '2. Glass: two months in store from now on.',
  '3. The hotel order of Harbour & Sons goes out in two crates.',
  '',
  'Next meeting: 26 January 2026.',
];

const RESUME = [
  '# Zoë Lefèvre',
  '',
  'Glass cutter, seven years at the bench. Applies for the place at the second kiln.',
  '',
  '## Work',
  '',
  '- 2019 to 2026: Verrerie du Môle, Saint-Élan',
  '- 2017 to 2019: apprentice at Atelier Çınar',
];

const DELIVERY_NOTE = [
  '# Delivery note 88',
  '',
  '| Crate | Content | Weight, kg |',
  '| --- | --- | --- |',
  '| 1 | 24 storm lanterns | 61.0 |',
  '| 2 | 60 deck lamps | 48.5 |',
];

/** Half of a good scan: the table that tells where a PDF's parts are is at its end, and is lost. */
async function makeDamagedScan() {
  await makePdf('damaged-scan.pdf', 'Scan', (pdf) => {
    heading(pdf, 'Scan of a contract');
    for (let line = 1; line <= 40; line += 1) pdf.text(`Clause ${line}. The lamps stay ours until they are paid for.`);
  });
  const path = join(FOLDER, 'damaged-scan.pdf');
  const whole = await readFile(path);
  await writeFile(path, whole.subarray(0, Math.floor(whole.length / 2)));
}

await makePdf('invoice-2026-0117.pdf', 'Invoice 2026-0117', invoice);
await makePdf('annual-report-2025.pdf', 'Annual report 2025', annualReport);
await makePdf('price-list.pdf', 'Price list, spring 2026', priceList);
await makePdf('letter-russian-greek.pdf', 'Letter', letter);
await makePdf('order-japanese.pdf', 'Order', japaneseOrder);
await makeText('workshop-handbook.md', HANDBOOK);
await makeText('meeting-minutes.txt', MINUTES);
await makeText('Résumé – Zoë.md', RESUME);
await makeText('shipping/delivery-note-88.md', DELIVERY_NOTE);
await makeDamagedScan();
