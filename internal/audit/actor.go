package audit

import (
	"context"
	"unicode/utf8"

	"creditmsg/internal/db"
)

// Kind is what sort of somebody acts.
type Kind string

// The kinds of actors.
const (
	Token    Kind = "token"    // a program that calls the API
	Person   Kind = "person"   // somebody with an account
	Command  Kind = "command"  // somebody at the command line of the installation
	Provider Kind = "provider" // a provider account, by its reports
	Gateway  Kind = "gateway"  // a payment gateway, by its notices
	System   Kind = "system"   // the program itself
)

// Actor is who changes something. The zero Actor is the program itself.
type Actor struct {
	Kind      Kind
	ID        string // public id of a token or person; name of an account or gateway; "" = there is none
	Name      string // as it was shown then
	Address   string // where the request came from
	Request   string // its id
	Operation string // of the API, or the verb; "" = the name of the transaction
}

type actorKey struct{}

// With gives a context whose transactions are of who. It is asked only when something is
// noted, since most requests change nothing that is.
func With(ctx context.Context, who func() Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, who)
}

// By is With of somebody who is known already.
func By(ctx context.Context, who Actor) context.Context {
	return With(ctx, func() Actor { return who })
}

// Acting gives who acts in a transaction.
func Acting(tx *db.Tx) Actor {
	var a Actor
	if who, ok := tx.Context().Value(actorKey{}).(func() Actor); ok {
		a = who()
	}
	return a.whole(tx)
}

// whole is an actor as it is stored.
func (a Actor) whole(tx *db.Tx) Actor {
	if a.Kind == "" {
		a.Kind = System
	}
	if a.Operation == "" {
		a.Operation = tx.Name()
	}
	a.Name, a.Request = short(a.Name), short(a.Request)
	a.ID, a.Address, a.Operation = word(a.ID), word(a.Address), word(a.Operation)
	return a
}

// String says who it is in one word, as approvals name people: the id, or else the name.
func (a Actor) String() string {
	switch {
	case a.ID != "":
		return a.ID
	case a.Name != "":
		return a.Name
	}
	return string(a.Kind)
}

// mostText is how long a text of an entry is that people wrote, in characters, and mostWord
// how long a word may be.
const (
	mostText = 200
	mostWord = 64
)

// short cuts what somebody else made long.
func short(text string) string {
	if utf8.RuneCountInString(text) <= mostText {
		return text
	}
	return string([]rune(text)[:mostText-1]) + "…"
}

// word makes a word of what may be none: a column of words takes 64 characters of ASCII.
func word(text string) string {
	out := make([]byte, 0, min(len(text), mostWord))
	for _, r := range text {
		if r < ' ' || r > '~' {
			r = '?'
		}
		if len(out) == mostWord {
			break
		}
		out = append(out, byte(r))
	}
	return string(out)
}
