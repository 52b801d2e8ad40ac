package api

import (
	"net/http"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// queueView is the jobs of one kind: how they stand, and what was done of them.
type queueView struct {
	Lane        string       `json:"lane" enum:"default,credit-messaging,webhooks" doc:"Lanes do not delay each other."`
	Kind        string       `json:"kind"`
	Due         int64        `json:"due" doc:"Their time has come, and nobody has them."`
	Running     int64        `json:"running" doc:"A worker has them."`
	Later       int64        `json:"later" doc:"Their time has not come."`
	Buried      int64        `json:"buried" doc:"They failed too often, and are not tried any more."`
	OldestDueAt maybeInstant `json:"oldest_due_at" doc:"When the oldest one of due was due; null = none is."`
	WaitsFor    int64        `json:"oldest_waits_seconds" doc:"For how long it waits; 0 = none does."`
	LastHour    Ran          `json:"last_hour" doc:"What was done, of all processes. The last quarter of a minute may not be in it yet."`
	Minutes     []minuteView `json:"minutes" doc:"The same by the minute, oldest first. A minute in which nothing was done is left out."`
}

// Ran is what became of jobs in some time.
type Ran struct {
	Done        int64  `json:"done" doc:"Jobs that came to their end."`
	PutBack     int64  `json:"put_back" doc:"Those that did not fail and run again: there is more to do, or it is too early."`
	Failed      int64  `json:"failed" doc:"Tries that failed, and workers that were lost."`
	Buried      int64  `json:"buried" doc:"Those of failed that were the last."`
	WaitMean    *int64 `json:"wait_mean_ms" doc:"From when a job was due until a worker had it, in milliseconds; null where nothing ran."`
	WaitLongest *int64 `json:"wait_longest_ms"`
	RunMean     *int64 `json:"run_mean_ms" doc:"From then until it ended or was put back."`
	RunLongest  *int64 `json:"run_longest_ms"`
}

type minuteView struct {
	At instant `json:"at" doc:"Its first moment."`
	Ran
}

func showRan(t queue.Tally) Ran {
	v := Ran{Done: t.Done, PutBack: t.Again, Failed: t.Failed, Buried: t.Buried}
	if t.Timed > 0 {
		ms := func(d time.Duration) *int64 { return new(d.Milliseconds()) }
		v.WaitMean, v.WaitLongest = ms(t.Waited/time.Duration(t.Timed)), ms(t.LongestWait)
		v.RunMean, v.RunLongest = ms(t.Took/time.Duration(t.Timed)), ms(t.LongestRun)
	}
	return v
}

// jobView is one job.
type jobView struct {
	Lane    string       `json:"lane" enum:"default,credit-messaging,webhooks"`
	Kind    string       `json:"kind"`
	Key     string       `json:"key" doc:"For which thing: an id or a name, as its kind has it."`
	Site    *string      `json:"site" doc:"null = the installation's own."`
	State   string       `json:"state" enum:"due,running,later,buried"`
	Tries   int          `json:"failed_tries" doc:"Since it last came to an end."`
	Why     *string      `json:"why" doc:"Why it failed or was put back the last time: a short word; the log of that time says more. null = it never was."`
	Since   maybeInstant `json:"since" doc:"It is due, with a worker or buried; null of one that is later."`
	NextAt  maybeInstant `json:"next_at" doc:"When it runs; of one that is with a worker, again. null = not by itself."`
	LeaseTo maybeInstant `json:"lease_until" doc:"How long the worker has it, unless he goes on; null = none has it."`
}

func showJob(j queue.Listed) (jobView, error) {
	return jobView{Lane: string(j.Lane), Kind: j.Kind, Key: j.Key, Site: orNull(j.Site), State: string(j.Condition), Tries: j.Tries, Why: orNull(j.Why),
		Since: maybeInstant(j.Since), NextAt: maybeInstant(j.Next), LeaseTo: maybeInstant(j.Until)}, nil
}

type jobsListed struct {
	State string `query:"state" enum:"due,running,later,buried" default:"buried"`
	Kind  string `query:"kind" doc:"Only those of one kind."`
	Paging
}

type jobsRetried struct {
	Body struct {
		Kind string `json:"kind" minLength:"1" maxLength:"64"`
		Key  string `json:"key,omitempty" maxLength:"64" doc:"Of one job; left out, all buried ones of the kind."`
	} `nameHint:"RetryBody"`
}

type retriedView struct {
	Retried int   `json:"retried"`
	Left    int64 `json:"left" doc:"Buried ones of the kind that are left: ask again."`
}

// retriedAtOnce bounds what one request wakes.
const retriedAtOnce = 500

// onQueues is an operation of the operator's on the jobs of the installation.
func onQueues(id, method, path, summary, about string) operation {
	return operation{id: id, method: method, path: path, tag: "Queues", ability: site.Operator, house: true, status: http.StatusOK, summary: summary, about: about}
}

// queues declares the routes about the work of the installation. Jobs are of many sites, so only
// operators reach them.
func queues(a *api) {
	read(a, onQueues("listQueues", http.MethodGet, "/v1/queues", "List the kinds of jobs, how they stand and what was done in the last hour",
		"All kinds at once. The counts are of this moment; what was done is of all processes and stays when they end."), a.listQueues)
	read(a, onQueues("listJobs", http.MethodGet, "/v1/queues/jobs", "List jobs that are due, with a worker, for later or buried",
		"By lane and kind, and then in the order in which they are worked on or their time comes."), a.listJobs)
	retry := onQueues("retryJobs", http.MethodPost, "/v1/queues/jobs/retry", "Try buried jobs again, their failures forgotten",
		"One, or all of a kind: 500 at a time, and `left` says how many are left. Jobs cannot be dropped, since what they are for would be lost.")
	retry.codes = []string{fault.CodeStateConflict}
	write(a, retry, a.retryJobs)
}

func (a *api) listQueues(tx *db.Tx, _ *exchange, _ *struct{}) (out listOf[queueView], err error) {
	stats, err := a.Queue.Stats(tx)
	if err != nil {
		return out, err
	}
	hour, err := queue.Minutes(tx, tx.Now.Add(-time.Hour))
	if err != nil {
		return out, err
	}
	type line struct {
		lane queue.Lane
		kind string
	}
	by := map[line][]queue.Minute{}
	for _, m := range hour {
		by[line{m.Lane, m.Kind}] = append(by[line{m.Lane, m.Kind}], m)
	}
	out.Data = []queueView{}
	for _, s := range stats {
		v := queueView{Lane: string(s.Lane), Kind: s.Kind, Due: s.Due, Running: s.Leased, Later: s.Ready - s.Due, Buried: s.Buried,
			OldestDueAt: maybeInstant(s.Oldest), Minutes: []minuteView{}}
		if s.Oldest != 0 {
			v.WaitsFor = int64(tx.Now.Sub(s.Oldest) / time.Second)
		}
		var sum queue.Tally
		for _, m := range by[line{s.Lane, s.Kind}] {
			sum = sum.Plus(m.Tally)
			v.Minutes = append(v.Minutes, minuteView{instant(m.At), showRan(m.Tally)})
		}
		v.LastHour = showRan(sum)
		out.Data = append(out.Data, v)
	}
	return out, nil
}

func (a *api) listJobs(tx *db.Tx, x *exchange, in *jobsListed) (out listOf[jobView], err error) {
	l, err := a.list(tx, x, "jobs", in.State, in.Kind)
	if err != nil {
		return out, err
	}
	var after queue.Place
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	rows, err := queue.List(tx, queue.Condition(in.State), in.Kind, after, in.Limit+1)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, showJob, func(j queue.Listed) any { return j.Place })
}

func (a *api) retryJobs(tx *db.Tx, _ *exchange, in *jobsRetried) (out retriedView, err error) {
	if in.Body.Key == "" {
		out.Retried, out.Left, err = a.Queue.RetryAll(tx, in.Body.Kind, retriedAtOnce)
		return out, err
	}
	out.Retried = 1
	out.Left, err = a.Queue.Retry(tx, in.Body.Kind, in.Body.Key)
	return out, err
}
