//! Against texts of real hosts, and texts of none.

use super::*;
use proptest::prelude::*;

const STAT: &str = "cpu  3344022 95441 592425 2146801 24232 0 11271 2453 700 0\n\
    cpu0 1621910 47704 283443 1142941 6877 0 4072 1238 0 0\n\
    cpu1 1722111 47736 308981 1003859 17355 0 7199 1215 0 0\nintr 5 0 1\nbtime 1796040000\n";

const DISKS: &str = "   7       0 loop0 637 0 4328 17 672 370 2088 257 0 308 501 0 0 0 0 425 226
 259       0 nvme0n1 100 0 8000 20 50 0 4000 10 0 77 30 0 0 0 0 0 0
 259       1 nvme0n1p1 90 0 7000 20 50 0 4000 10 0 77 30
   8       0 sda 10 0 16 1 20 0 32 2 0 3 4
   8       1 sda1 10 0 16 1 20 0 32 2 0 3 4
 252       0 dm-0 10 0 16 1 20 0 32 2 0 3 4
   8      16 sdb 1 2
 253       0 zram0 0 0 0 0 0 0 0 0 0 0 0\n";

const NETS: &str = "Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo
    lo: 3335388054 5409157    0    0    0     0          0         0 3335388054 5409157 0 0 0 0 0 0
  eth0:1604005710   56377    1    2    0     0          0         0  3284517   35218    3    4 0 0
eth0:1: 5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0
 short: 1 2 3\n";

#[test]
fn processors() {
    let cpu = cpu(STAT).unwrap();
    assert_eq!(cpu.cores, 2);
    assert_eq!(cpu.idle, 2_146_801 + 24_232);
    assert_eq!(cpu.total, 3_344_022 + 95_441 + 592_425 + 2_146_801 + 24_232 + 11_271 + 2_453);
    assert_eq!(super::cpu("intr 1\n"), None);
    assert_eq!(super::cpu("cpu  1 2\n"), None);
}

#[test]
fn load_in_hundredths() {
    assert_eq!(load("7.10 3.44 0.05 5/134 18210\n"), Some([710, 344, 5]));
    assert_eq!(load("1 2.5 3.456 1/1 1"), Some([100, 250, 345]));
    for wrong in ["", "1.0 2.0", "x 1 1", "1.é 1 1", "-1.0 1 1", "99999999999.0 1 1"] {
        assert_eq!(load(wrong), None, "{wrong}");
    }
}

#[test]
fn memory_and_swap() {
    let text = "MemTotal:  24683652 kB\nMemFree: 673104 kB\nMemAvailable:   23440360 kB\n\
                SwapTotal: 100 kB\nSwapFree: 40 kB\n";
    let wanted = Memory { total: 24_683_652 << 10, available: 23_440_360 << 10, swapped: 60 << 10 };
    assert_eq!(memory(text), Some(wanted));
    assert_eq!(memory("MemTotal: 1 kB\n"), None);
    assert_eq!(memory("MemTotal: 1 kB\nMemAvailable: 18446744073709551615 kB"), None);
}

#[test]
fn bytes_of_a_disk_count_once() {
    let names: Vec<String> = disks(DISKS).into_iter().map(|disk| disk.name).collect();
    assert_eq!(names, ["nvme0n1", "sda"]);
    let first = disks(DISKS).remove(0);
    assert_eq!((first.read, first.written, first.busy_ms), (8_000 * 512, 4_000 * 512, 77));
    // A root file system on a partition whose disk is not shown.
    assert_eq!(disks(" 8 1 sda1 1 0 2 0 3 0 4 0 0 5 6\n").len(), 1);
}

#[test]
fn interfaces_without_loopback() {
    let all = nets(NETS);
    let names: Vec<&str> = all.iter().map(|net| net.name.as_str()).collect();
    assert_eq!(names, ["eth0", "eth0:1"]);
    let wanted = (1_604_005_710, 3_284_517, 10);
    let eth0 = all.first().unwrap();
    assert_eq!((eth0.received, eth0.sent, eth0.lost), wanted);
}

#[test]
fn rates_are_of_what_is_in_both() {
    let disk = |name: &str, read| Disk { name: name.to_owned(), read, ..Disk::default() };
    let net = |sent| Net { name: String::from("eth0"), sent, ..Net::default() };
    let before = HostUsage {
        at_ns: 1_000_000_000,
        cpu: Some(CpuTime { total: 100, idle: 50, cores: 2 }),
        disks: vec![disk("sda", 1_000), disk("sdb", 9_000)],
        nets: vec![net(10)],
        ..HostUsage::default()
    };
    let after = HostUsage {
        at_ns: 3_000_000_000,
        cpu: Some(CpuTime { total: 500, idle: 350, cores: 2 }),
        // One was taken out, one put in, one counts anew.
        disks: vec![disk("sda", 5_000), disk("sdb", 10), disk("sdc", 7_000_000)],
        nets: vec![net(250)],
        ..HostUsage::default()
    };
    let rates = Rates::between(&before, &after).unwrap();
    assert_eq!((rates.cpu_centi, rates.read, rates.sent), (2_500, 2_000, 120));
    assert_eq!(Rates::between(&after, &before), None, "time goes forward");
    assert_eq!(Rates::between(&after, &after), None);
}

#[test]
fn this_host_is_read() {
    let here = sample(&std::env::temp_dir());
    assert!(here.at_ns > 0 && here.load_centi.is_some());
    assert!(here.cpu.is_some_and(|cpu| cpu.cores > 0 && cpu.total >= cpu.idle), "{here:?}");
    assert!(here.memory.is_some_and(|memory| memory.total >= memory.available), "{here:?}");
    assert!(here.space.is_some_and(|space| space.total >= space.free), "{here:?}");
}

proptest! {
    #[test]
    fn no_text_is_too_odd(text in "(cpu|sda|eth0:|MemTotal:|[0-9 :.kB-]|\n|\\PC){0,80}") {
        let (_, _, _) = (cpu(&text), load(&text), memory(&text));
        let (_, _) = (disks(&text), nets(&text));
    }
}
