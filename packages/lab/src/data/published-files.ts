// The files of data sets that others publish: addresses, lengths and checksums. MD5 is what their publishers give; it
// shows a file that was damaged or exchanged by accident, and is not meant to stop anyone who forges one.

export interface PublishedFile {
  /** As the publisher calls it, and as it is called in the data folder. */
  readonly name: string
  readonly address: string
  readonly bytes: number
  /** 32 hexadecimal digits. */
  readonly md5: string
}

// https://www.cs.toronto.edu/~kriz/cifar.html lists the MD5 of each archive; lengths as the server gives them.
const CIFAR = 'https://www.cs.toronto.edu/~kriz'

export const CIFAR10_FILES: readonly PublishedFile[] = [
  {
    name: 'cifar-10-binary.tar.gz',
    address: `${CIFAR}/cifar-10-binary.tar.gz`,
    bytes: 170_052_171,
    md5: 'c32a1d4ab5d03f1284b67883e8d87530',
  },
]

export const CIFAR100_FILES: readonly PublishedFile[] = [
  {
    name: 'cifar-100-binary.tar.gz',
    address: `${CIFAR}/cifar-100-binary.tar.gz`,
    bytes: 168_513_733,
    md5: '03b5dce01913d631647c71ecec9e9cb8',
  },
]

// The publisher gives no checksum: this is the one that public PyTorch loaders agree on (among them Avalanche's and
// Mammoth's).
export const TINY_IMAGENET_FILES: readonly PublishedFile[] = [
  {
    name: 'tiny-imagenet-200.zip',
    address: 'http://cs231n.stanford.edu/tiny-imagenet-200.zip',
    bytes: 248_100_043,
    md5: '90528d7ca1a48142e341f4ef8d21d0de',
  },
]

// The table "Get the Data" in the README of https://github.com/zalandoresearch/fashion-mnist; torchvision has the same.
const FASHION_MNIST = 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com'

export const FASHION_MNIST_FILES: readonly PublishedFile[] = [
  { name: 'train-images-idx3-ubyte.gz', bytes: 26_421_880, md5: '8d4fb7e6c68d591d4c3dfef9ec88bf0d' },
  { name: 'train-labels-idx1-ubyte.gz', bytes: 29_515, md5: '25c81989df183df01b3e8a0aad5dffbe' },
  { name: 't10k-images-idx3-ubyte.gz', bytes: 4_422_102, md5: 'bef4ecab320f06d8554ea6380940ec79' },
  { name: 't10k-labels-idx1-ubyte.gz', bytes: 5_148, md5: 'bb300cfdad3c16e7a12a480ee83cd310' },
].map((file) => ({ ...file, address: `${FASHION_MNIST}/${file.name}` }))
