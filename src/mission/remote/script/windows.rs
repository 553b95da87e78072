//! In the language of Windows `PowerShell` 5.1. Never run here, since there is
//! no such machine: the texts are compared word for word.
//!
//! The command line is always the same short one; the script is the first
//! line of its standard input, as `cmd.exe` takes no more than 8,191
//! characters. Windows starts through the Task Scheduler, since its OpenSSH
//! ends with a session what the session started. The keeper is a script of its
//! own there: it holds the lock, has the output in files, and writes how the
//! process ended. There are no signals: 9 ends a tree, all else asks windows
//! to close. As on Linux, nothing is said to be gone without proof.

use crate::mesh::remote::quote::{encoded, powershell};
use crate::mission::hands::START_MARK;
use crate::mission::remote::ask::{Ask, Known, Tidy};
use crate::mission::remote::start::Start;
use crate::mission::remote::words::{self, Word};
use crate::mission::spec::Host;
use std::fmt::Write as _;

/// Reads the script, as base64 of UTF-16, and runs it.
const FIRST: &str = "iex ([Text.Encoding]::Unicode.GetString([Convert]::FromBase64String([Console]::In.ReadLine())))";

/// For every script. A start time in ticks of 100 ns is one that never
/// returns, so that `w` stands for every boot.
const HEAD: &str = r"$ErrorActionPreference='Stop'
$ProgressPreference='SilentlyContinue'
try{[Console]::OutputEncoding=New-Object Text.UTF8Encoding $false}catch{}
function say($t){[Console]::Out.WriteLine($n+' '+($t -replace '[\x00-\x1f]',' '))}
function since($i){try{[string](Get-Process -Id ([int]$i)).StartTime.ToUniversalTime().Ticks}catch{''}}
function fate($i,$s){$q=@(Get-Process|Where-Object{$_.Id -eq [int]$i});if(-not $q.Count){return 'gone'}
try{$at=[string]$q[0].StartTime.ToUniversalTime().Ticks}catch{return 'unknown'}
if($at -eq $s){'alive'}else{'gone'}}
function lives($i,$s){(fate $i $s) -eq 'alive'}
function record($f){if(Test-Path -LiteralPath $f){,([string](Get-Content -LiteralPath $f -TotalCount 1) -split ' ')}else{,@()}}
";

/// What a start meets before it.
const BEFORE: &str = r#"New-Item -ItemType Directory -Force -Path $p|Out-Null
if(Test-Path -LiteralPath "$p\$t.void"){throw 'this start was called off'}
$r=record "$p\pid"
$w=if($r.Count -ge 5){fate $r[0] $r[1]}else{'gone'}
if($w -eq 'unknown'){throw ('nobody can see whether pid '+$r[0]+' lives')}
if($w -eq 'alive'){
if($r[4] -eq $t){say ('started '+($r -join ' '))}else{say ('taken '+($r -join ' '))}
}else{
"#;

/// Puts the keeper there, has it started, and waits for its record.
const AFTER: &str = r#"[IO.File]::WriteAllText("$p\$t.ps1",$keeper,(New-Object Text.UTF8Encoding $true))
$a=New-ScheduledTaskAction -Execute ($env:SystemRoot+'\System32\WindowsPowerShell\v1.0\powershell.exe') -Argument ('-NoLogo -NoProfile -NonInteractive -WindowStyle Hidden -ExecutionPolicy Bypass -File "'+"$p\$t.ps1"+'"') -WorkingDirectory $p
$s=New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -MultipleInstances Parallel -ExecutionTimeLimit ([TimeSpan]::Zero)
$u=New-ScheduledTaskPrincipal -UserId ([Security.Principal.WindowsIdentity]::GetCurrent().Name) -LogonType Interactive
Register-ScheduledTask -TaskName $task -Action $a -Settings $s -Principal $u -Force|Out-Null
Start-ScheduledTask -TaskName $task
$done=$false
for($i=0;$i -lt 200 -and -not $done;$i++){
$r=record "$p\$t.pid"
if($r.Count -ge 5){say ('started '+($r -join ' '));$done=$true}
elseif(Test-Path -LiteralPath "$p\$t.fail"){say ('fail '+(Get-Content -LiteralPath "$p\$t.fail" -TotalCount 1));$done=$true}
else{Start-Sleep -Milliseconds 50}}
if(-not $done){say 'late no record within 10 s: is somebody logged on there, for the task to run as?'}}
"#;

/// The keeper up to what is its process's own.
const KEEPER: &str = r#"$ErrorActionPreference='Stop'
$p=Join-Path $dir $name;$settings="$p\$t.settings"
try{$lock=[IO.File]::Open("$p\lock",'OpenOrCreate','ReadWrite','None')}catch{exit}
if((Test-Path -LiteralPath "$p\$t.pid") -or (Test-Path -LiteralPath "$p\$t.void")){exit}
function quote($a){'"'+(($a -replace '(\\*)"','$1$1\"') -replace '(\\+)$','$1$1')+'"'}
function file($f){New-Object IO.FileStream $f,'Append','Write','ReadWrite',1}
try{
$i=New-Object Diagnostics.ProcessStartInfo
$i.UseShellExecute=$false;$i.CreateNoWindow=$true
$i.RedirectStandardOutput=$true;$i.RedirectStandardError=$true
"#;

/// From the start on.
const KEEP: &str = r#"$out=file "$p\$t.out";$err=file "$p\$t.err"
$q=[Diagnostics.Process]::Start($i)
$r='{0} {1} w {2} {3} {4}' -f $q.Id,$q.StartTime.ToUniversalTime().Ticks,$run,$t,$stamp
Set-Content -LiteralPath "$p\pid" -Value $r -Encoding ASCII
Set-Content -LiteralPath "$p\$t.new" -Value $r -Encoding ASCII
Move-Item -Force -LiteralPath "$p\$t.new" -Destination "$p\$t.pid"
}catch{Set-Content -LiteralPath "$p\$t.fail" -Value $_.Exception.Message;exit}
$a=$q.StandardOutput.BaseStream.CopyToAsync($out);$b=$q.StandardError.BaseStream.CopyToAsync($err)
"#;

const WAIT: &str = r#"$q.WaitForExit()
[void][Threading.Tasks.Task]::WaitAll(@($a,$b),2000)
Set-Content -LiteralPath "$p\$t.tmp" -Value $q.ExitCode -Encoding ASCII
Move-Item -Force -LiteralPath "$p\$t.tmp" -Destination "$p\$t.status"
"#;

/// What stands on record. After a start without an answer (`$m`), its lock is
/// taken first: nobody is about to start then, and that start is called off.
const FOUND: &str = r#"$r=record "$p\pid"
if(-not $r.Count -and (Test-Path -LiteralPath "$p\pid") -or $r.Count -and $r.Count -lt 5){throw "the record $p\pid can't be read: see what runs there, then remove it"}
$w=if($r.Count){fate $r[0] $r[1]}else{'none'}
if($w -eq 'unknown'){throw ('nobody can see whether pid '+$r[0]+' lives')}
if($m -and $w -ne 'alive'){New-Item -ItemType Directory -Force -Path $p|Out-Null
$l=$null
for($k=0;$k -lt 60 -and -not $l;$k++){try{$l=[IO.File]::Open("$p\lock",'OpenOrCreate','ReadWrite','None')}catch{Start-Sleep -Milliseconds 50}}
if(-not $l){throw "its start is under way: $p\lock is held"}
[IO.File]::WriteAllText("$p\$m.void",'')
$r=record "$p\pid"
$w=if($r.Count -ge 5){fate $r[0] $r[1]}else{'none'}
$l.Close()
if($w -eq 'unknown'){throw ('nobody can see whether pid '+$r[0]+' lives')}}
if($w -eq 'none'){say 'none'}else{
$d=(Get-Item -LiteralPath "$p\pid").LastWriteTimeUtc
say ('record '+$w+' '+($r -join ' ')+' '+[long]($d-[datetime]'1970-01-01').TotalSeconds)}
"#;

const ONE: &str = r#"function size($f){if(Test-Path -LiteralPath $f){(Get-Item -LiteralPath $f).Length}else{0}}
function one($m,$t,$i,$s){$p=Join-Path $dir $m
$w=fate $i $s
if($w -eq 'unknown'){return}
if($w -eq 'alive'){$q=Get-Process -Id $i
say ('alive {0} {1} {2} {3} {4}' -f $i,$s,$q.HandleCount,[long]($q.TotalProcessorTime.Ticks/10),$q.WorkingSet64)}
else{$e='-'
for($k=0;$t -and $k -lt 20;$k++){$r=record "$p\$t.status"
if($r.Count){$e=$r[0];break}
try{[IO.File]::Open("$p\lock",'OpenOrCreate','ReadWrite','None').Close();break}catch{Start-Sleep -Milliseconds 50}}
say ('gone {0} {1} {2} {3} {4}' -f $i,$s,$e,(size "$p\$t.out"),(size "$p\$t.err"))}}
"#;

/// By parent, as long as that one is older than its child: who was left by its
/// parent is not found. `$sure` says that nobody was passed over.
const MEMBERS: &str = r"$sure=$true
function members{
$all=@(Get-CimInstance Win32_Process);$seen=@{};$next=@($i)
$w=fate $i $s
if($w -eq 'unknown'){throw ('nobody can see whether pid '+$i+' lives')}
if($w -eq 'alive'){$seen[[int]$i]=$s}elseif(since $i){return @()}
while($next.Count){$from=$next;$next=@()
foreach($c in $all){if(($from -contains $c.ProcessId) -or -not ($from -contains $c.ParentProcessId)){continue}
if($seen.ContainsKey([int]$c.ProcessId)){continue}
$at=since $c.ProcessId
if(-not $at -and (Get-Process -Id $c.ProcessId -ErrorAction SilentlyContinue)){$script:sure=$false}
if($at -and [long]$at -ge [long]$s){$seen[[int]$c.ProcessId]=$at;$next+=$c.ProcessId}}}
$seen.GetEnumerator()}
";

const SIGNAL: &str = r"$sent=0
foreach($m in $them){if(lives $m.Key $m.Value){
if($sig -eq 9){Stop-Process -Id $m.Key -Force}else{[void](Get-Process -Id $m.Key).CloseMainWindow()}
$sent++}}
if($sent){say ('sent '+$sent)}elseif($sure){say 'gone'}else{say ('fail nobody can see who belongs to pid '+$i)}
";

const FOLLOW: &str = r#"$in=[Console]::OpenStandardInput();$z=New-Object byte[] 1;$ends=$in.ReadAsync($z,0,1)
function tail($f,$at){$x=New-Object IO.FileStream $f,'Open','Read','ReadWrite,Delete';[void]$x.Seek($at,'Begin');$x}
$so=[Console]::OpenStandardOutput();$se=[Console]::OpenStandardError()
$a=tail "$p\$t.out" $out;$b=tail "$p\$t.err" $err;$buf=New-Object byte[] 65536
while(-not $ends.IsCompleted){
$x=$a.Read($buf,0,65536);if($x){$so.Write($buf,0,$x);$so.Flush()}
$y=$b.Read($buf,0,65536);if($y){$se.Write($buf,0,$y);$se.Flush()}
if(-not($x -or $y)){Start-Sleep -Milliseconds 100}}
exit 0
"#;

/// The command line for `ssh`: no character of it means anything to a shell.
pub fn command() -> String {
    format!(
        "powershell.exe -NoLogo -NoProfile -NonInteractive -OutputFormat Text -EncodedCommand {}",
        encoded(FIRST)
    )
}

/// What stands on its standard input.
pub fn input(script: &str) -> Vec<u8> {
    format!("{}\n", encoded(script)).into_bytes()
}

fn dir(text: &mut String, host: &Host) {
    match &host.dir {
        Some(dir) => {
            let _ = writeln!(text, "$dir={}", powershell(dir));
        }
        None => text.push_str("$dir=Join-Path $env:LOCALAPPDATA 'crs-mission'\n"),
    }
}

/// The whole script.
pub fn script(host: &Host, ask: &Ask, marker: &str) -> String {
    let mut text = format!("$n={}\n", powershell(marker));
    text.push_str(HEAD);
    dir(&mut text, host);
    text.push_str("[Console]::Out.WriteLine()\nsay 'begin'\ntry{\n");
    match ask {
        Ask::Start(start, mark) => run(&mut text, host, start, mark),
        Ask::Look(known) => {
            text.push_str(ONE);
            for Known { name, mark, who } in known {
                let (name, mark) = (powershell(name), powershell(mark));
                let _ = writeln!(text, "one {name} {mark} {} '{}'", who.pid, who.start);
            }
        }
        Ask::Found(name, mark) => {
            let _ = writeln!(text, "$p=Join-Path $dir {}", powershell(name));
            let _ = writeln!(text, "$m={}", powershell(mark));
            text.push_str(FOUND);
        }
        Ask::Signal { who, signal, all } => {
            known(&mut text, who);
            let _ = writeln!(text, "$sig={signal}");
            if *all {
                text.push_str(MEMBERS);
                text.push_str("$them=@(members)\n");
            } else {
                text.push_str("$sure=$true\n$them=@(@{Key=$i;Value=$s})\n");
            }
            text.push_str(SIGNAL);
        }
        Ask::Rest(who) => {
            known(&mut text, who);
            text.push_str(MEMBERS);
            text.push_str(
                "foreach($m in @(members)){say ('member {0} {1}' -f $m.Key,$m.Value)}\n\
                 if($sure){say 'whole'}\n",
            );
        }
        Ask::Tidy(left) => tidy(&mut text, left),
        Ask::Check(argv) => {
            let words: Vec<String> = argv.iter().map(|word| powershell(word)).collect();
            let _ = writeln!(
                text,
                "$ErrorActionPreference='Continue'\n& {} 2>&1|Out-Null\n\
                 say ('status '+$LASTEXITCODE)",
                words.join(" ")
            );
        }
        Ask::Reach => {}
        Ask::Follow { who, out, err } => {
            let (name, mark) = (powershell(&who.name), powershell(&who.mark));
            let _ = writeln!(text, "$p=Join-Path $dir {name}\n$t={mark}\n$out={out}\n$err={err}");
            text.push_str("[Console]::Error.WriteLine();[Console]::Error.WriteLine($n+' begin')\n");
            text.push_str(FOLLOW);
        }
    }
    text.push_str("}catch{say ('fail '+$_.Exception.Message)}\nsay 'end'\n");
    text
}

fn known(text: &mut String, who: &Known) {
    let _ = writeln!(text, "$i={}\n$s='{}'", who.who.pid, who.who.start);
}

fn run(text: &mut String, host: &Host, start: &Start, mark: &str) {
    let name = powershell(&start.name);
    let _ = writeln!(
        text,
        "$p=Join-Path $dir {name}\n$t={}\n$task={}",
        powershell(mark),
        powershell(&format!("crs-mission-{}", start.name))
    );
    text.push_str(BEFORE);
    if let Some(document) = &start.settings {
        let _ =
            writeln!(text, "[IO.File]::WriteAllText(\"$p\\$t.settings\",{})", powershell(document));
    }
    let _ = writeln!(text, "$keeper={}", powershell(&keeper(host, start, mark)));
    text.push_str(AFTER);
}

fn keeper(host: &Host, start: &Start, mark: &str) -> String {
    let mut text = String::new();
    dir(&mut text, host);
    let (name, mark) = (powershell(&start.name), powershell(mark));
    let _ = writeln!(
        text,
        "$name={name};$t={mark};$run={};$stamp={}",
        start.run,
        powershell(&start.stamp)
    );
    text.push_str(KEEPER);
    if let Some((program, args)) = start.cmd.split_first() {
        let args: Vec<String> =
            args.iter().map(|word| format!("(quote {})", words::powershell(word))).collect();
        let _ = writeln!(text, "$i.FileName={}", words::powershell(program));
        let _ = writeln!(text, "$i.Arguments=@({}) -join ' '", args.join(","));
    }
    let cwd = start.cwd.as_deref().map_or_else(|| "$dir".to_owned(), powershell);
    let _ = writeln!(text, "$i.WorkingDirectory={cwd}");
    let _ = writeln!(text, "$i.EnvironmentVariables['{START_MARK}']={mark}");
    for (name, value) in &start.env {
        let (name, value) = (powershell(name), words::powershell(value));
        let _ = writeln!(text, "$i.EnvironmentVariables[{name}]={value}");
    }
    for (name, argv) in &start.secrets {
        let argv: Vec<String> = argv.iter().map(|word: &Word| words::powershell(word)).collect();
        let _ = writeln!(
            text,
            "$v=(& {}|Out-String).TrimEnd();if($LASTEXITCODE){{throw 'the command for {name} \
             failed'}};$i.EnvironmentVariables['{name}']=$v",
            argv.join(" ")
        );
    }
    text.push_str(KEEP);
    let cores = start.limits.affinity.iter().filter(|core| **core < 64);
    let bits = cores.fold(0_u64, |bits, core| bits | 1 << core);
    if bits > 0 {
        let _ = writeln!(text, "try{{$q.ProcessorAffinity=[IntPtr][long]{bits}}}catch{{}}");
    }
    if let Some(nice) = start.limits.nice {
        let class = match nice {
            ..=-10 => "High",
            -9..=-1 => "AboveNormal",
            0 => "Normal",
            1..=9 => "BelowNormal",
            _ => "Idle",
        };
        let _ = writeln!(text, "try{{$q.PriorityClass='{class}'}}catch{{}}");
    }
    text.push_str(WAIT);
    text
}

/// Never a latch or another file of the kill path, and nothing that is older
/// than the process (`$s`).
const TIDY: &str = r"function away($f){if(-not(Test-Path -LiteralPath $f -PathType Leaf)){return}
$x=Get-Item -LiteralPath $f -Force
$why=''
if($x.Name -like '*kill_switch*' -or 'latch.fallback','agent.lock','agent.sock' -contains $x.Name -or $x.FullName -match '[\\/]latch-[0-9a-f]{4}[^\\/]*[\\/]'){$why='it belongs to the kill path'}
foreach($k in $kills){$k=[IO.Path]::GetFullPath($k)
if($x.FullName -eq $k -or $x.FullName.StartsWith($k+'\','OrdinalIgnoreCase')){$why='it belongs to the kill path'}}
if($x.Attributes -band [IO.FileAttributes]::ReparsePoint){$why='it is no plain file'}
if($x.CreationTimeUtc.Ticks -lt [long]$s){$why='it was there before the start'}
if($why){say ('kept '+$f+' '+$why)}else{Remove-Item -LiteralPath $f -Force;say ('removed '+$f)}}
";

/// There is no `/dev/shm`.
fn tidy(text: &mut String, left: &Tidy) {
    known(text, &left.who);
    let kills: Vec<String> = left.kills.iter().map(|path| powershell(path)).collect();
    let _ = writeln!(text, "$kills=@({})", kills.join(","));
    text.push_str(TIDY);
    for file in &left.files {
        let _ = writeln!(text, "away {}", powershell(file));
    }
}
