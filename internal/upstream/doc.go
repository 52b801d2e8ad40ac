// Package upstream is how adapters speak HTTP to companies outside: to the carriers of
// messages (package provider) and to payment gateways (package payment), and how package identity
// asks who somebody is.
//
// It promises that a request ends soon after its time, that no redirect is followed, that no
// reply is read without bound, that an error never holds an address (some vendors put a key
// into it), and that it can be told whether a request may have left this machine. What such
// an answer means is its adapter's to say: a timeout is never a failure.
//
// What a vendor says in words of its own is kept short and without phone numbers, however these
// are written.
//
// It owns no table and keeps nothing but idle connections.
package upstream
