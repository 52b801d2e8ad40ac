// Command testmode walks through test mode against a running installation: what takes days
// otherwise, in seconds. README.md advances the clock with curl.
//
//	make run                       # in another terminal
//	go run ./examples/testmode     # reads data/demo.json
//
//	CREDITMSG_URL=https://msg.example.com CREDITMSG_TOKEN=cm_test_… go run ./examples/testmode
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"time"

	"creditmsg/examples/testmode/walk"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	begun := time.Now()
	o := walk.Options{URL: os.Getenv("CREDITMSG_URL"), Token: os.Getenv("CREDITMSG_TOKEN")}
	if o.Token == "" {
		o = demo(o)
	}
	if err := walk.Walk(ctx, os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "testmode:", err)
		os.Exit(1)
	}
	fmt.Printf("\nAll of it took %.1f seconds.\n", time.Since(begun).Seconds())
}

// demo takes address and token of the demo, where it left word of itself.
func demo(o walk.Options) walk.Options {
	var d struct {
		APIURL string            `json:"api_url"`
		Tokens map[string]string `json:"tokens"`
	}
	text, err := os.ReadFile("data/demo.json")
	if err != nil || json.Unmarshal(text, &d) != nil {
		return o // which Walk complains about
	}
	return walk.Options{URL: cmp.Or(o.URL, d.APIURL), Token: d.Tokens["demo-rich.test"]}
}
