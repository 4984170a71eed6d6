import { PDFDocument, StandardFonts } from 'pdf-lib';

/** A PDF whose pages each have a heading, `Chapter 1` and on, and 30 lines. */
export async function makePdf(pages: number): Promise<Buffer> {
  const pdf = await PDFDocument.create();
  const font = await pdf.embedFont(StandardFonts.Helvetica);
  for (let number = 1; number <= pages; number += 1) {
    const page = pdf.addPage();
    page.drawText(`Chapter ${number}`, { x: 50, y: 780, size: 22, font });
    for (let line = 0; line < 30; line += 1) {
      page.drawText(`Line ${line} of page ${number}, with a few words in it.`, {
        x: 50,
        y: 740 - line * 14,
        size: 10,
        font,
      });
    }
  }
  return Buffer.from(await pdf.save());
}
