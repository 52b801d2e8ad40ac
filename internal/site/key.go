package site

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"creditmsg/internal/id"
)

// keySize is the length of every secret key, in bytes.
const keySize = 32

// Key is what one site's, or the installation's, data is sealed with. Each use
// has a sub-key of its own. It is safe for concurrent use.
type Key struct {
	seal   cipher.AEAD
	finder cipher.Block
	number cipher.Block
	mac    []byte
	sign   []byte // the seed of the Ed25519 key
}

// newKey derives the sub-keys of a data key of keySize bytes.
func newKey(data []byte) (*Key, error) {
	k := &Key{}
	var err error
	if k.seal, err = aead(data, "seal 1"); err != nil {
		return nil, err
	}
	if k.finder, err = block(data, "finder 1"); err != nil {
		return nil, err
	}
	if k.number, err = block(data, "number 1"); err != nil {
		return nil, err
	}
	if k.mac, err = subkey(data, "mac 1"); err != nil {
		return nil, err
	}
	if k.sign, err = subkey(data, "sign 1"); err != nil {
		return nil, err
	}
	return k, nil
}

func subkey(data []byte, use string) ([]byte, error) {
	if len(data) != keySize {
		return nil, fmt.Errorf("derive the %s key: want %d bytes, got %d", use, keySize, len(data))
	}
	return hkdf.Expand(sha256.New, data, "creditmsg "+use, keySize)
}

func block(data []byte, use string) (cipher.Block, error) {
	sub, err := subkey(data, use)
	if err != nil {
		return nil, err
	}
	return aes.NewCipher(sub)
}

func aead(data []byte, use string) (cipher.AEAD, error) {
	b, err := block(data, use)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(b)
}

// sealedV1 is the first byte of a sealed value: AES-256-GCM, nonce, ciphertext, tag.
const sealedV1 = 1

// errSealed says that a value was not sealed by this key for this context, or was
// changed since.
var errSealed = errors.New("the sealed value does not open")

// Seal encrypts plain, bound to a context ("note 17 of demo"): it opens only under
// the same one. Sealing the same twice gives different bytes.
func (k *Key) Seal(context string, plain []byte) []byte {
	return sealWith(k.seal, sealedV1, context, plain)
}

// Open gives what Seal was given. It fails for another context, another key and
// any changed bit.
func (k *Key) Open(context string, sealed []byte) ([]byte, error) {
	return openWith(k.seal, sealedV1, context, sealed)
}

func sealWith(a cipher.AEAD, form byte, context string, plain []byte) []byte {
	out := make([]byte, 1, 1+len(plain)+a.Overhead())
	out[0] = form
	return a.Seal(out, nil, plain, []byte(context))
}

func openWith(a cipher.AEAD, form byte, context string, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != form {
		return nil, errSealed
	}
	plain, err := a.Open(nil, nil, sealed[1:], []byte(context))
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

// Fingerprint is a keyed 32-bit hash of a mobile number, for finders: equal
// numbers of one site give equal values, and nobody without the key can tell
// which number gave a value. Different numbers may share one.
func (k *Key) Fingerprint(mobile uint32) uint32 {
	var in, out [aes.BlockSize]byte
	binary.BigEndian.PutUint32(in[:], mobile)
	k.finder.Encrypt(out[:], in[:])
	return binary.BigEndian.Uint32(out[:])
}

// SealNumber encrypts the mobile number of one recipient into one block. The
// same three values always give the same bytes; no two recipients share them.
func (k *Key) SealNumber(message id.ID, seq uint32, mobile uint32) [16]byte {
	in := numberBlock(message, seq, mobile)
	var out [aes.BlockSize]byte
	k.number.Encrypt(out[:], in[:])
	return out
}

// OpenNumber gives the number back; ok is false for a value that was sealed for
// another recipient or with another key.
func (k *Key) OpenNumber(message id.ID, seq uint32, sealed [16]byte) (mobile uint32, ok bool) {
	var in [aes.BlockSize]byte
	k.number.Decrypt(in[:], sealed[:])
	mobile = binary.BigEndian.Uint32(in[:])
	return mobile, in == numberBlock(message, seq, mobile)
}

// numberBlock is number ‖ seq ‖ the random tail of the message's id: unique per
// recipient, and 96 bits to check on opening.
func numberBlock(message id.ID, seq uint32, mobile uint32) (in [aes.BlockSize]byte) {
	binary.BigEndian.PutUint32(in[0:], mobile)
	binary.BigEndian.PutUint32(in[4:], seq)
	copy(in[8:], message[8:])
	return in
}

// MAC is HMAC-SHA256 of data.
func (k *Key) MAC(data []byte) [32]byte {
	h := hmac.New(sha256.New, k.mac)
	h.Write(data)
	return [32]byte(h.Sum(nil))
}

// The forms in which a data key is stored, named by the first byte.
const (
	storedBare    = 1 // the key as it is: there was no master key
	storedWrapped = 2 // AES-256-GCM under the master key
)

var errMaster = errors.New("the data key is wrapped: the master key is missing or another one")

// wrap gives the form in which a data key is stored.
func wrap(master cipher.AEAD, context string, data []byte) []byte {
	if master == nil {
		return append([]byte{storedBare}, data...)
	}
	return sealWith(master, storedWrapped, context, data)
}

// unwrap gives the data key back.
func unwrap(master cipher.AEAD, context string, stored []byte) ([]byte, error) {
	if len(stored) == 1+keySize && stored[0] == storedBare {
		return stored[1:], nil
	}
	if master == nil {
		return nil, errMaster
	}
	data, err := openWith(master, storedWrapped, context, stored)
	if err != nil {
		return nil, errMaster
	}
	return data, nil
}

// fresh makes a data key. The system's source of randomness never fails: the
// program stops if it does.
func fresh() []byte {
	data := make([]byte, keySize)
	_, _ = rand.Read(data)
	return data
}
