package sendgo

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// keepFor is how long a token, which is valid for a day, and the senders' keys are kept.
const keepFor = 50 * time.Minute

const (
	tries     = 4                      // of one request whose token is refused each time
	firstRest = 600 * time.Millisecond // the most before a token is asked for in place of the first; twice as long each time
)

// kept is what the account remembers between calls.
type kept struct {
	turn    chan struct{} // who asks for a token; the others wait for the same one
	mu      sync.Mutex    // guards the rest
	token   string
	until   time.Time
	rested  time.Time               // when a token may be asked for in place of one that was lost
	senders map[korea.Number]string // keys by number
	asked   time.Time
}

// token gives the token in use, or a new one, after a rest where the last was lost to another
// process: its calls have so long to be made. Failed is why there is none, as a result of the
// call that needs it.
func (a *account) token(ctx context.Context) (token string, failed *provider.Result) {
	if token := a.known(); token != "" {
		return token, nil
	}
	select {
	case a.kept.turn <- struct{}{}:
		defer func() { <-a.kept.turn }()
	case <-ctx.Done():
		result := provider.Unsent(ctx, "get a token", ctx.Err())
		return "", &result
	}
	if token := a.known(); token != "" {
		return token, nil
	}
	if wait := a.untilRested(); wait > 0 {
		if err := a.rest(ctx, wait); err != nil {
			result := provider.Unsent(ctx, "get a token", err)
			return "", &result
		}
	}
	reply := a.call(ctx, http.MethodPost, "/token", "Basic "+base64.StdEncoding.EncodeToString([]byte(a.key+":"+a.secret)), nil)
	if failed := before(ctx, "get a token", reply); failed != nil {
		return "", failed
	}
	var answer struct {
		Data struct {
			Token string `json:"token"`
		} `json:"data"`
	}
	if err := upstream.Lenient(json.Unmarshal(reply.Body, &answer)); err != nil || answer.Data.Token == "" || !plain(answer.Data.Token) {
		return "", &provider.Result{Outcome: provider.NotSent, Reason: provider.ProviderInternal, Text: "get a token: the reply names none"}
	}
	a.kept.mu.Lock()
	defer a.kept.mu.Unlock()
	a.kept.token, a.kept.until = answer.Data.Token, a.now().Add(keepFor)
	return a.kept.token, nil
}

// known is the token in use; empty when there is none.
func (a *account) known() string {
	a.kept.mu.Lock()
	defer a.kept.mu.Unlock()
	if a.now().After(a.kept.until) {
		return ""
	}
	return a.kept.token
}

// plain keeps anything but a token out of a header.
func plain(token string) bool {
	for i := range len(token) {
		if token[i] <= ' ' || token[i] >= 0x7f {
			return false
		}
	}
	return len(token) <= 4096
}

// untilRested is how long it still is before a token may be asked for.
func (a *account) untilRested() time.Duration {
	a.kept.mu.Lock()
	defer a.kept.mu.Unlock()
	return a.kept.rested.Sub(a.now())
}

// forget gives up a token that is not taken any more, unless there is a newer one. The next is
// asked for after a rest of at least half of most: of two processes that lose their tokens to
// each other, one then comes first.
func (a *account) forget(token string, most time.Duration) {
	a.kept.mu.Lock()
	defer a.kept.mu.Unlock()
	if a.kept.token == token {
		a.kept.token, a.kept.rested = "", a.now().Add(most/2+rand.N(most/2+1))
	}
}

// authorised makes a request with a token, and again with another one when it was refused for
// the token: then it was not carried out. Where the vendor says nothing of the token it is made
// once more at most.
func (a *account) authorised(ctx context.Context, method, path string, body []byte) (upstream.Reply, *provider.Result) {
	for try := 1; ; try++ {
		token, failed := a.token(ctx)
		if failed != nil {
			return upstream.Reply{}, failed
		}
		reply := a.call(ctx, method, path, "Bearer "+token, body)
		if reply.Err != nil || reply.Status != http.StatusUnauthorized && reply.Status != http.StatusForbidden {
			return reply, nil
		}
		switch r := said(reply); {
		case r.ofToken() && try == tries:
			// The keys are right, or there would have been no token.
			return upstream.Reply{}, &provider.Result{Outcome: provider.NotSent, Reason: provider.ProviderInternal, Code: r.code, Text: r.text}
		case r.ofToken():
			a.forget(token, firstRest<<(try-1))
		case final[r.code], try > 1:
			return reply, nil
		default:
			a.forget(token, 0)
		}
	}
}

// senderKey is the vendor's key of a registered sender number; empty when it has none.
func (a *account) senderKey(ctx context.Context, number korea.Number) (key string, failed *provider.Result) {
	a.kept.mu.Lock()
	key, known := a.kept.senders[number]
	fresh := a.now().Sub(a.kept.asked) < keepFor
	a.kept.mu.Unlock()
	if known && fresh {
		return key, nil
	}
	reply, failed := a.authorised(ctx, http.MethodGet, "/senders", nil)
	if failed == nil {
		failed = before(ctx, "list senders", reply)
	}
	if failed != nil {
		return "", failed
	}
	var answer struct {
		Data struct {
			Senders []wireSender `json:"senders"`
		} `json:"data"`
	}
	err := upstream.Lenient(json.Unmarshal(reply.Body, &answer))
	keys, ok := senderKeys(answer.Data.Senders)
	if err != nil || !ok {
		return "", &provider.Result{Outcome: provider.NotSent, Reason: provider.ProviderInternal, Text: "list senders: the reply has no list that can be read"}
	}
	a.kept.mu.Lock()
	defer a.kept.mu.Unlock()
	a.kept.senders, a.kept.asked = keys, a.now()
	return keys[number], nil
}

// senderKeys are the keys of the numbers that may be used. ok is false for no list, and for one
// none of whose entries is of the documented form: what is missing there proves nothing.
func senderKeys(list []wireSender) (keys map[korea.Number]string, ok bool) {
	keys, ok = map[korea.Number]string{}, list != nil && len(list) == 0
	for _, s := range list {
		ok = ok || s.UUID != "" && s.Number+s.E164 != ""
		if n, known := s.number(); known && senderStates[s.Status] == provider.SenderUsable {
			keys[n] = s.UUID
		}
	}
	return keys, ok
}

// number is the sender number in national form; ok is false for one that cannot send.
func (w *wireSender) number() (n korea.Number, ok bool) {
	n, err := korea.ParseSender(w.Number)
	if err != nil {
		n, err = korea.ParseSender(w.E164)
	}
	return n, err == nil
}
