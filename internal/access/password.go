package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"

	"creditmsg/internal/fault"
)

// What a hash costs: OWASP's first choice for argon2id (Password Storage Cheat Sheet), 46 MiB
// and one pass, some 40 ms. A hash bears its own costs, so that later ones can be others.
const (
	hashMemory  = 46 << 10 // KiB
	hashPasses  = 1
	hashThreads = 1
	saltLength  = 16
	hashLength  = 32
)

// mostMemory bounds, in KiB, what a stored hash may ask for.
const mostMemory = 256 << 10

// hasher makes and checks the hashes of passwords, few at a time. It is safe for concurrent use.
type hasher struct {
	room *semaphore.Weighted
	// nobody is the hash of a password that nobody knows: it is compared with where there is no
	// account, so that this takes as long as where there is one.
	nobody string
}

// mostHashes is how many hashes are made at a time: the memory of one is freed before the
// third begins.
const mostHashes = 2

// hashPatience is how long somebody waits for his turn.
const hashPatience = 10 * time.Second

func newHasher() *hasher {
	salt, sum := random(saltLength), random(hashLength)
	return &hasher{room: semaphore.NewWeighted(mostHashes), nobody: written(hashMemory, hashPasses, hashThreads, salt, sum)}
}

func random(n int) []byte {
	out := make([]byte, n)
	_, _ = rand.Read(out) // never fails: the program stops if it does
	return out
}

// turn waits for the turn to make a hash. Unavailable: too many are waiting.
func (h *hasher) turn(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, hashPatience)
	defer cancel()
	if err := h.room.Acquire(waiting, 1); err != nil {
		return fault.Wrap(err, fault.Unavailable, fault.CodeUnavailable, "too many people sign in at the moment; try again")
	}
	return nil
}

// make gives the hash of a password.
func (h *hasher) make(ctx context.Context, password string) (string, error) {
	if err := h.turn(ctx); err != nil {
		return "", err
	}
	defer h.room.Release(1)
	return phc(password), nil
}

// fits reports whether a password has a hash; "" is the hash of none, and takes as long.
func (h *hasher) fits(ctx context.Context, password, hash string) (bool, error) {
	if err := h.turn(ctx); err != nil {
		return false, err
	}
	defer h.room.Release(1)
	real := hash != ""
	if !real {
		hash = h.nobody
	}
	same, err := compare(password, hash)
	return real && same, err
}

var base = base64.RawStdEncoding

// phc hashes a password with a fresh salt, in the PHC string format.
func phc(password string) string {
	salt := random(saltLength)
	sum := argon2.IDKey([]byte(password), salt, hashPasses, hashMemory, hashThreads, hashLength)
	return written(hashMemory, hashPasses, hashThreads, salt, sum)
}

// written is a hash in the PHC string format.
func written(memory, passes uint32, threads uint8, salt, sum []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, threads, base.EncodeToString(salt), base.EncodeToString(sum))
}

// compare hashes a password as a stored hash was, and compares in constant time.
func compare(password, hash string) (bool, error) {
	h, err := parsePHC(hash)
	if err != nil {
		return false, err
	}
	sum := argon2.IDKey([]byte(password), h.salt, h.passes, h.memory, h.threads, uint32(len(h.sum)))
	return subtle.ConstantTimeCompare(sum, h.sum) == 1, nil
}

// hashed is what a PHC string says.
type hashed struct {
	memory, passes uint32
	threads        uint8
	salt, sum      []byte
}

// parsePHC reads exactly what phc writes, with other costs within bounds.
func parsePHC(text string) (h hashed, err error) {
	var version int
	parts := strings.Split(text, "$")
	if len(parts) == 6 && parts[0] == "" && parts[1] == "argon2id" {
		_, err = fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &h.memory, &h.passes, &h.threads)
		if err == nil {
			h.salt, err = base.Strict().DecodeString(parts[4])
		}
		if err == nil {
			h.sum, err = base.Strict().DecodeString(parts[5])
		}
	}
	if err != nil || h.memory < 8 || h.memory > mostMemory || h.passes < 1 || h.passes > 16 || h.threads < 1 ||
		len(h.salt) < 8 || len(h.salt) > 64 || len(h.sum) < 16 || len(h.sum) > 64 ||
		written(h.memory, h.passes, h.threads, h.salt, h.sum) != text { // another version, or other signs
		return hashed{}, fmt.Errorf("read the hash of a password: it is none of argon2id")
	}
	return h, nil
}

// Bounds of a password, in characters.
const (
	leastPassword = 10
	mostPassword  = 200
)

// checkPassword refuses passwords that are short, or the address itself.
func checkPassword(pointer, password, email string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password), n < leastPassword, n > mostPassword:
		return fault.Check(pointer, "want %d to %d characters", leastPassword, mostPassword)
	case strings.EqualFold(password, email), strings.Count(password, password[:1]) == len(password):
		return guessed(pointer)
	}
	return nil
}

func guessed(pointer string) error {
	return fault.Check(pointer, "this password is guessed at the first try; take another one")
}

// newPassword makes one for somebody who is to change it: 80 bits.
func newPassword() string { return code() }
