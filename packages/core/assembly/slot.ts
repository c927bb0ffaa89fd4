// The slot: what the host hands over with each batch. The offsets are mirrored in src/program/slot.ts.
//
//   0  i32  images in the batch          16 f32 learning rate      32 f32 weight decay
//   4  i32  blocks that hold images      20 f32 momentum, beta1    36 f32 1 / (1 - beta1^t)
//                                        24 f32 beta2              40 f32 1 / sqrt(1 - beta2^t)
//                                        28 f32 epsilon            44 f32 1 - beta1    48 f32 1 - beta2

export function slotImages(slot: usize): i32 {
  return load<i32>(slot)
}

export function slotBlocks(slot: usize): i32 {
  return load<i32>(slot, 4)
}

/** Images in one block of `lanes`. */
export function blockImages(slot: usize, block: i32, lanes: i32): i32 {
  return min(max(load<i32>(slot) - block * lanes, 0), lanes)
}
