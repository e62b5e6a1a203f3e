/** The part of the epoll addon that is used; it comes with onoff and has no types of its own. */
declare module "epoll" {
  export class Epoll {
    static readonly EPOLLIN: number;
    constructor(ready: (error: Error | null, fd: number, events: number) => void);
    add(fd: number, events: number): this;
    remove(fd: number): this;
  }
}
