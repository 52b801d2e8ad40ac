package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"creditmsg/internal/server"
)

// serveVerb runs a process of the installation.
type serveVerb struct {
	configured
	Demo  bool     `help:"Bring a simulated provider and sites that can send at once, send a message and show what becomes of it. Data is kept in ./data."`
	Roles []string `placeholder:"ROLE,…" help:"What this process does: api, console, worker, simulator; without it api, console and worker, with --demo all four."`
}

// Help is shown below the flags' own help.
func (serveVerb) Help() string {
	return `SIGTERM and Ctrl-C stop the process in order: doors close, running work ends, nothing is lost.
SIGHUP has the files of tls.cert_file and tls.key_file read again, where they are set.`
}

// Run serves until it is told to stop.
func (v *serveVerb) Run(ctx context.Context, s *streams) error {
	for _, role := range v.Roles {
		if !slices.Contains(server.Roles, role) {
			return usageError{fmt.Sprintf("--roles: %q is not one of %s", role, strings.Join(server.Roles, ", "))}
		}
	}
	config, err := v.config()
	if err != nil {
		return err
	}
	o := server.Options{Roles: v.Roles, Version: versionText(), ConnectFor: v.WaitForDatabase}
	if config.TLS.CertFile != "" {
		hangups := make(chan os.Signal, 1)
		signal.Notify(hangups, syscall.SIGHUP)
		defer signal.Stop(hangups)
		o.Reload = hangups
	}
	if v.Demo {
		return v.demo(ctx, s, config, o)
	}
	o.Log = server.NewLog(config.Log, s.err, config.Secrets()...)
	slog.SetDefault(o.Log) // for what has no log of its own
	p, err := server.Open(ctx, config, o)
	if err != nil {
		return err
	}
	return p.Run(ctx)
}

// demo serves with the demo around it. The log goes into a file, so that the terminal
// is left to what there is to see.
func (v *serveVerb) demo(ctx context.Context, s *streams, config server.Config, o server.Options) error {
	if len(o.Roles) == 0 {
		o.Roles = server.Roles
	}
	if !slices.Contains(o.Roles, server.RoleAPI) || !slices.Contains(o.Roles, server.RoleSimulator) {
		return usageError{"--demo needs the roles api and simulator"}
	}
	o.Simulator.Pace = demoPace
	if err := os.MkdirAll(server.DemoDir, 0o700); err != nil {
		return fmt.Errorf("make the folder of the demo: %w", err)
	}
	logFile := filepath.Join(server.DemoDir, "creditmsg.log")
	f, err := os.OpenFile(logFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	defer f.Close()
	o.Log = server.NewLog(config.Log, f, config.Secrets()...)
	slog.SetDefault(o.Log)
	p, demo, err := server.OpenDemo(ctx, config, server.DemoOptions{Options: o})
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- p.Run(running)
		stop() // what is being shown ends with it
	}()
	show := &show{streams: s, program: p, demo: demo, log: logFile}
	shown := show.run(running)
	stop()
	err = <-ended
	if ctx.Err() != nil {
		fmt.Fprintln(s.out, "\nStopped in order. The data is in", server.DemoDir+"; start again to go on.")
		return err
	}
	if err == nil {
		err = shown
	}
	return err
}
