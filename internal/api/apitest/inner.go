package apitest

import (
	"fmt"
	"regexp"
)

// inner is what tells of our inside: errors of drivers and databases, panics, addresses in
// memory, places in our source and on our disk.
var inner = regexp.MustCompile(`(?i)\bsql: |\bpq: |SQLSTATE|sqlite|mysql|mariadb|postgres|\bpgx|goroutine |runtime error|\bpanic\b|\.go:\d|UNIQUE constraint|duplicate key value|Duplicate entry|deadlock|syntax error at or near|no such table|driver: |0xc0[0-9a-f]{6}|/root/|/home/|/tmp/|/usr/local/go|internal/[a-z]+/|reflect\.|interface \{|json: cannot unmarshal|strconv\.|%!\w?\(`)

// Inner finds text in a reply that no client may see, unless the request held it too.
func Inner(reply, request []byte) error {
	for _, found := range inner.FindAll(reply, -1) {
		if !regexp.MustCompile(regexp.QuoteMeta(string(found))).Match(request) {
			return fmt.Errorf("the reply tells of the inside: %q", found)
		}
	}
	return nil
}
