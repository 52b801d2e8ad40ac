package apitest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Noise is bytes for a connection that are hardly HTTP: broken lines and heads, bodies whose
// length is not what is said, chunks that are none, requests hidden in others. token is a good
// one; the same seed and number make the same bytes.
func Noise(seed uint64, no int, token string) []byte {
	r := rand.New(rand.NewPCG(seed, uint64(no)|1<<40))
	hidden := "POST /v1/groups HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + token + "\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n{\"name\":\"smuggled\"}"
	head := "POST /v1/messages HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + token + "\r\nContent-Type: application/json\r\n"
	all := []string{
		"", "\r\n\r\n", "\x00", "\xff\xfe\xfd", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/0.9\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"GET  /v1/credit  HTTP/1.1\r\nHost: h\r\n\r\n", "GET /v1/credit HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET /v1/credit HTTP/1.1\r\nHost: h\r\nBad Header: x\r\n\r\n", "GET /v1/credit HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
		"GET /v1/credit HTTP/1.1\nHost: h\n\n", "GET /v1/credit\x00 HTTP/1.1\r\nHost: h\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", "GET http:// HTTP/1.1\r\nHost: h\r\n\r\n", "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /" + strings.Repeat("a", 100_000) + " HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("a", 200_000) + "\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("X: a\r\n", 5000) + "\r\n",
		head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}   ", head + "Content-Length: -1\r\n\r\n{}", head + "Content-Length: 2, 2\r\n\r\n{}", head + "Content-Length: +2\r\n\r\n{}", head + "Content-Length: 99999999999999999999\r\n\r\n{}", head + "Content-Length: 100\r\n\r\n{}",
		head + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden, head + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n1\r\nx\r\n0\r\n\r\n", head + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + hidden,
		head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden, head + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + hidden, head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n0\r\n\r\n" + hidden, head + "Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + hidden,
		head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}", head + "Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n", head + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}X\r\n0\r\n\r\n", head + "Transfer-Encoding: chunked\r\n\r\n2;" + strings.Repeat("e", 5000) + "\r\n{}\r\n0\r\n\r\n",
		head + "Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n2\r\n{}\r\n0\r\nAuthorization: Bearer x\r\nX-Y: z\r\n\r\n", head + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", head + "Expect: something\r\nContent-Length: 2\r\n\r\n{}",
		"GET /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: " + fmt.Sprint(len(hidden)) + "\r\n\r\n" + hidden, strings.Repeat("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n", 50), "GET /healthz HTTP/1.0\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
		"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", "GET /v1/credit HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer\t" + token + "\r\nAuthorization: Bearer x\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	}
	out := []byte(all[r.IntN(len(all))])
	for range r.IntN(3) { // and often something more is wrong with it
		if len(out) == 0 {
			break
		}
		at := r.IntN(len(out))
		switch r.IntN(4) {
		case 0:
			out[at] ^= 1 << r.IntN(8)
		case 1:
			out = append(out[:at:at], out[min(len(out), at+1+r.IntN(4)):]...)
		case 2:
			out = slices.Concat(out[:at], []byte{byte(r.IntN(256))}, out[at:])
		default:
			out = out[:at]
		}
	}
	return out
}
