package db

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

// stand has somebody wait in a line and note when the turn comes.
func stand(ctx context.Context, t *turns, l turnLine, turn func(error)) {
	go func() { turn(t.take(ctx, l)) }()
	synctest.Wait()
}

func TestGroupsPassACrowdOfWorkersButLeaveThemTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := &turns{free: 1}
		var order []string
		turn := func(who string) func(error) { return func(error) { order = append(order, who) } }
		stand(t.Context(), all, ordinary, turn("first"))
		for _, who := range []string{"worker 1", "worker 2", "worker 3"} {
			stand(t.Context(), all, ordinary, turn(who))
		}
		for _, who := range []string{"group 1", "group 2", "group 3", "group 4", "group 5"} {
			stand(t.Context(), all, grouped, turn(who))
		}
		for range 9 {
			all.give()
			synctest.Wait()
		}
		want := []string{"first", "group 1", "group 2", "worker 1", "group 3", "group 4", "worker 2", "group 5", "worker 3"}
		if diff := cmp.Diff(want, order); diff != "" {
			t.Error(diff)
		}
		if all.free != 1 {
			t.Errorf("%d connections are free, want 1", all.free)
		}
	})
}

func TestWhatIsUrgentGoesFirstButLeavesTheOthersTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := &turns{free: 1}
		var order []string
		turn := func(who string) func(error) { return func(error) { order = append(order, who) } }
		stand(t.Context(), all, ordinary, turn("first"))
		for _, who := range []string{"worker 1", "worker 2"} {
			stand(t.Context(), all, ordinary, turn(who))
		}
		stand(t.Context(), all, grouped, turn("group 1"))
		for _, who := range []string{"urgent 1", "urgent 2", "urgent 3", "urgent 4", "urgent 5", "urgent 6"} {
			stand(t.Context(), all, lineOf(Urgent(t.Context())), turn(who))
		}
		for range 10 {
			all.give()
			synctest.Wait()
		}
		want := []string{"first", "urgent 1", "urgent 2", "urgent 3", "urgent 4", "group 1", "urgent 5", "urgent 6", "worker 1", "worker 2"}
		if diff := cmp.Diff(want, order); diff != "" {
			t.Error(diff)
		}
		if all.free != 1 {
			t.Errorf("%d connections are free, want 1", all.free)
		}
	})
}

func TestWhoLeavesTheLineTakesNobodysTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := &turns{free: 1}
		var got []string
		stand(t.Context(), all, ordinary, func(error) {})
		ctx, leave := context.WithCancel(t.Context())
		stand(ctx, all, ordinary, func(err error) {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("who left got %v", err)
			}
		})
		stand(t.Context(), all, ordinary, func(error) { got = append(got, "who stayed") })
		leave()
		synctest.Wait()
		all.give()
		synctest.Wait()
		if diff := cmp.Diff([]string{"who stayed"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestEveryTurnIsGivenBackWhateverHappens(t *testing.T) {
	const connections = 3
	all := &turns{free: connections}
	var busy sync.Mutex
	var inside, most int
	var crowd sync.WaitGroup
	for n := range 300 {
		crowd.Go(func() {
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			if rand.IntN(3) == 0 {
				go leave()
			}
			if all.take(ctx, turnLine(n%int(lines))) != nil {
				return
			}
			busy.Lock()
			inside++
			most = max(most, inside)
			busy.Unlock()
			busy.Lock()
			inside--
			busy.Unlock()
			all.give()
		})
	}
	crowd.Wait()
	if all.free != connections || most > connections {
		t.Errorf("%d of %d connections are free at the end and %d were used at once", all.free, connections, most)
	}
}
