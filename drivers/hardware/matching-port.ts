import { DriverError, type SerialPortInfo, type UsbSelector } from "../board.ts";
import { usbVendors } from "../serial/usb-words.ts";

/** The path of the one port that is meant. @throws DriverError `no_such_device`, which names the USB ports there are. */
export function matchingPort(ports: readonly SerialPortInfo[], usb: UsbSelector): string {
  const fits = ({ vendorId, productId, serialNumber }: SerialPortInfo): boolean =>
    (usb.vendorId === undefined || vendorId?.toLowerCase() === usb.vendorId) &&
    (usb.productId === undefined || productId?.toLowerCase() === usb.productId) &&
    (usb.serialNumber === undefined || serialNumber === usb.serialNumber);
  const onUsb = ports.filter(({ vendorId }) => vendorId !== undefined);
  const [only, second] = onUsb.filter(fits);
  if (only !== undefined && second === undefined) return only.path;
  const wanted = Object.entries(usb)
    .map(([key, value]) => `${key} ${String(value)}${key === "vendorId" ? makerOf(String(value)) : ""}`)
    .join(", ");
  const found = onUsb.map(({ path, vendorId, productId, serialNumber }) => {
    return `${path} (vendorId ${vendorId ?? ""}, productId ${productId ?? ""}, serialNumber ${serialNumber ?? "none"})`;
  });
  const what = only === undefined ? "There is no USB serial port" : "There is more than one USB serial port";
  throw new DriverError("no_such_device", `${what} with ${wanted}`, {
    cure:
      found.length === 0
        ? "Plug it in: there is none at all (`dmesg | tail` tells what happens when one is plugged in)."
        : `There are: ${found.join("; ")}. Set usb to the one that is meant.`,
  });
}

function makerOf(vendorId: string): string {
  const [name] = Object.entries(usbVendors).find(([, id]) => id === vendorId) ?? [];
  return name === undefined ? "" : ` (${name})`;
}
