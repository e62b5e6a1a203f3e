/** What makes the kernel show a file or folder that is not there. */
export function kernelFileCure(path: string): string {
  if (path.startsWith("/sys/bus/w1"))
    return "Put `dtoverlay=w1-gpio` into /boot/firmware/config.txt, reboot, and check the sensor's wiring and its pull-up of 4.7 kOhm.";
  if (path.startsWith("/sys/bus/iio"))
    return "Put the sensor's overlay (such as `dtoverlay=i2c-sensor,bme280`) into /boot/firmware/config.txt, and reboot; `dmesg | grep iio` tells more.";
  if (path.startsWith("/sys/class/leds")) return "Correct the LED's name: `ls /sys/class/leds` tells them.";
  return "Check that the kernel's driver for it is loaded: `dmesg | tail -50`.";
}
