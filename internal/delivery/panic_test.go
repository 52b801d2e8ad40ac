package delivery

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/simulator"
	"creditmsg/internal/provider/solapi"
)

// clumsy is an adapter that panics with the next answers of the vendor, as one with a mistake in
// its reading of them would.
type clumsy struct {
	provider.Provider
	hands, looks atomic.Int64 // how often it will
}

func (c *clumsy) Submit(ctx context.Context, call provider.Call, begun provider.Begun) provider.Result {
	result := c.Provider.Submit(ctx, call, begun)
	if c.hands.Add(-1) >= 0 {
		panic("index out of range")
	}
	return result
}

func (c *clumsy) Lookup(ctx context.Context, e provider.Enquiry) (provider.Lookup, error) {
	if c.looks.Add(-1) >= 0 {
		panic("index out of range")
	}
	return c.Provider.Lookup(ctx, e)
}

// TestAPanicOfAnAdapterLeavesACallInDoubtAndNothingElse has the vendor take a call whose answer
// makes the adapter panic, and so do the first questions about it.
func TestAPanicOfAnAdapterLeavesACallInDoubtAndNothingElse(t *testing.T) {
	adapter := &clumsy{}
	w := still(t, "sqlite", worldOptions{carriers: func(vendor string) []Carrier {
		account := provider.Account{Name: upstream, Kind: "solapi", URL: vendor, APIKey: simulator.DefaultKey, APISecret: simulator.DefaultSecret,
			Webhook: provider.Webhook{Secret: "hook-secret"}}
		real, err := solapi.New(account)
		if err != nil {
			t.Fatal(err)
		}
		adapter.Provider = real
		return []Carrier{{account, adapter}}
	}})
	w.site("shop", 1000)
	adapter.hands.Store(1)
	adapter.looks.Store(2)
	key := w.sent("shop", request(message.SMSOnly), "01000001234")
	w.drain()
	if got := w.people(key)[0].State; got != message.Unknown {
		t.Errorf("after the panic it is %s, want unknown", got)
	}
	other := w.sent("shop", request(message.SMSOnly), "01000001235")
	w.drain()
	if got := w.people(other)[0].State; got != message.Sent {
		t.Errorf("the next one is %s, want sent", got)
	}
	for range 40 {
		w.clock.forward(2 * time.Minute)
		_ = w.delivery.Recover(context.Background()) // the panics of look-ups are its errors
		w.drain()
	}
	if got := w.people(key)[0].State; got != message.Delivered {
		t.Errorf("in the end it is %s, want delivered", got)
	}
	if adapter.looks.Load() >= 0 {
		t.Errorf("%d panics of look-ups are left", adapter.looks.Load()+1)
	}
}

func TestALookThatPanicsIsFollowedByTheNext(t *testing.T) {
	w := still(t, "sqlite", worldOptions{})
	ctx, stop := context.WithCancel(t.Context())
	looks := 0
	w.delivery.again(ctx, time.Microsecond, func(context.Context) error {
		if looks++; looks == 3 {
			stop() // which the next look may come before
		}
		panic("a mistake")
	})
	if looks < 3 {
		t.Errorf("it looked %d times, want 3 at least", looks)
	}
}
