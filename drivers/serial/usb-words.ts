import type { UsbSelector } from "../board.ts";

/** What people call the usual adapters, by the vendor's number. */
export const usbVendors: Readonly<Record<string, string>> = {
  ftdi: "0403",
  ch340: "1a86",
  cp210x: "10c4",
  pl2303: "067b",
  arduino: "2341",
  pico: "2e8a",
};

/** "ftdi", "0403" or "0403:6001"; undefined for anything else. */
export function parseUsb(text: string): UsbSelector | undefined {
  const vendorId = usbVendors[text.toLowerCase()];
  if (vendorId !== undefined) return { vendorId };
  const match = /^([0-9a-f]{4})(?::([0-9a-f]{4}))?$/i.exec(text);
  if (!match?.[1]) return undefined;
  const [, vendor, product] = match;
  return { vendorId: vendor.toLowerCase(), ...(product === undefined ? {} : { productId: product.toLowerCase() }) };
}

/** The same adapter gives the same words: they stand for the path where there is none. */
export function usbWords({ vendorId = "*", productId = "*", serialNumber }: UsbSelector): string {
  return `usb:${vendorId}:${productId}${serialNumber === undefined ? "" : `:${serialNumber}`}`;
}
