//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// rule is an iptables rule. It goes to the front of its chain, before whatever
// the host's firewall drops.
type rule struct {
	table, chain string
	spec         []string
}

func (n network) rules() []rule {
	return []rule{
		{"nat", "POSTROUTING", []string{"-s", n.Subnet.String(), "!", "-o", n.Bridge, "-j", "MASQUERADE"}},
		{"filter", "FORWARD", []string{"-i", n.Bridge, "-j", "ACCEPT"}},
		{"filter", "FORWARD", []string{"-o", n.Bridge, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT"}},
	}
}

// backend is one of the kernel's two packet filters, as the program in the engine
// root that speaks to it.
type backend string

const (
	nft    backend = "/usr/sbin/xtables-nft-multi"
	legacy backend = "/usr/sbin/xtables-legacy-multi"
)

// addRules uses nf_tables where the kernel has it. Where the older filter is in
// use too, what it drops would be lost, so the rules go to both.
func addRules(root string, rules []rule) error {
	var input strings.Builder
	for _, r := range rules {
		fmt.Fprintf(&input, "*%s\n-I %s 1 %s\nCOMMIT\n", r.table, r.chain, strings.Join(r.spec, " "))
	}
	nftErr := nft.run(root, input.String(), "iptables-restore", "--noflush")
	if nftErr == nil && !legacyInUse() {
		return nil
	}
	if err := legacy.run(root, input.String(), "iptables-restore", "--noflush", "--wait"); err != nil && nftErr != nil {
		return fmt.Errorf("connecting the steps' network to the outside: %w; %w", nftErr, err)
	}
	return nil
}

// removeRules removes each rule as often as it is there. Asking the older filter
// would load it, so it is asked only where it is in use.
func removeRules(root string, rules []rule) {
	backends := []backend{nft}
	if legacyInUse() {
		backends = append(backends, legacy)
	}
	const mostCopies = 16
	for _, b := range backends {
		for _, r := range rules {
			args := append([]string{"iptables", "-t", r.table, "-D", r.chain}, r.spec...)
			for i := 0; i < mostCopies && b.run(root, "", args...) == nil; i++ {
			}
		}
	}
}

func legacyInUse() bool {
	tables, err := os.ReadFile("/proc/net/ip_tables_names")
	return err == nil && len(bytes.TrimSpace(tables)) > 0
}

// run starts the program in root, or where this process is when root is empty.
// The first argument is the name under which it acts.
func (b backend) run(root, input string, args ...string) error {
	cmd := exec.Cmd{Path: string(b), Args: args, Dir: "/", Stdin: strings.NewReader(input)}
	cmd.Env = []string{"XTABLES_LOCKFILE=/run/xtables.lock"}
	if root != "" {
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", args[0], err, bytes.TrimSpace(out))
	}
	return nil
}
