//! In the language of Windows `PowerShell` 5.1.
//!
//! The script travels as `-EncodedCommand`, so neither `cmd.exe` nor another
//! login shell has anything to take apart; every value in it is one
//! single-quoted string.

use super::{Ask, note_of};
use crate::config::RemoteSettings;
use crate::config::remote::Logon;
use crate::mesh::remote::quote::{cmd, encoded, powershell};
use crate::mesh::remote::seen::Process;
use std::fmt::Write as _;

/// Begins every script. Without a console its encoding can't be set, hence the
/// empty catch; a start time in ticks of 100 ns is one that never returns.
const HEAD: &str = r"$ErrorActionPreference='Stop'
$ProgressPreference='SilentlyContinue'
try{[Console]::OutputEncoding=New-Object Text.UTF8Encoding $false}catch{}
function say($t){[Console]::Out.WriteLine($n+' '+($t -replace '[\x00-\x1f]',' '))}
";

/// For the scripts that ask for ports.
const LISTENS: &str = r"function listens{Get-NetTCPConnection -State Listen -ErrorAction SilentlyContinue|Where-Object{$ports -contains $_.LocalPort}}
";

/// For the scripts that ask for processes.
const PROCESS: &str = r"function proc($i){Get-CimInstance Win32_Process -Filter ('ProcessId='+[int]$i)}
function since($p){$p.CreationDate.ToUniversalTime().Ticks}
";

/// For a look.
const SHOW: &str = r"function show($i){$p=proc $i
if($p){say ('proc {0} start {1}' -f $i,(since $p))
say ('proc {0} name {1}' -f $i,$p.Name)
say ('proc {0} exe {1}' -f $i,$p.ExecutablePath)
say ('proc {0} cmd {1}' -f $i,$p.CommandLine)}}
";

/// The command line for `ssh`: no character of it means anything to a shell.
pub fn command(script: &str) -> String {
    format!(
        "powershell.exe -NoLogo -NoProfile -NonInteractive -OutputFormat Text -EncodedCommand {}",
        encoded(script)
    )
}

/// The whole script.
pub fn script(remote: &RemoteSettings, ask: &Ask, marker: &str) -> String {
    let mut text = format!("$n={}\n", powershell(marker));
    text.push_str(HEAD);
    if matches!(ask, Ask::Look | Ask::Start) {
        let _ = writeln!(text, "$ports={},{}", remote.cmd_port, remote.data_port);
        text.push_str(LISTENS);
    }
    if matches!(ask, Ask::Look | Ask::Stop { .. }) {
        text.push_str(PROCESS);
    }
    if *ask == Ask::Look {
        text.push_str(SHOW);
    }
    text.push_str("[Console]::Out.WriteLine()\nsay 'begin'\ntry{\n");
    match ask {
        Ask::Look => look(&mut text, remote),
        Ask::Inspect => inspect(&mut text, remote),
        Ask::Locate => locate(&mut text, remote),
        Ask::Start => start(&mut text, remote),
        Ask::Note(process) => note(&mut text, remote, process.as_ref()),
        Ask::Stop { process, .. } => stop(&mut text, process),
        Ask::Logs { lines, follow } => logs(&mut text, remote, *lines, *follow),
    }
    text.push_str("}catch{say ('fail '+$_.Exception.Message)}\nsay 'end'\n");
    text
}

fn look(text: &mut String, remote: &RemoteSettings) {
    let _ = writeln!(text, "$f={}", powershell(&remote.pid_file));
    text.push_str(
        "$ids=@()\n\
         foreach($c in @(listens)){say ('port {0} {1} {2}' -f \
         $c.LocalPort,$c.LocalAddress,$c.OwningProcess);$ids+=[int]$c.OwningProcess}\n\
         if(Test-Path -LiteralPath $f){$r=[string](Get-Content -LiteralPath $f -TotalCount 1)\n\
         say ('record '+$r);if($r -match '^([0-9]+) '){$ids+=[int]$matches[1]}}\n\
         foreach($i in @($ids|Sort-Object -Unique)){show $i}\n",
    );
}

/// What a native program writes to standard error would end a script whose
/// errors end it.
fn inspect(text: &mut String, remote: &RemoteSettings) {
    let modules: Vec<String> = remote.modules.iter().map(|m| powershell(m)).collect();
    let (program, file) = (powershell(&remote.interpreter), powershell(&remote.script));
    let _ = writeln!(text, "$py={program}\n$f={file}");
    text.push_str(
        "if(-not(Test-Path -LiteralPath $py -PathType Leaf)){say 'interpreter missing'}else{\n\
         $ErrorActionPreference='Continue'\n\
         say ('version '+(& $py --version 2>&1|Select-Object -First 1))\n",
    );
    let _ = writeln!(text, "foreach($m in @({})){{", modules.join(","));
    text.push_str(
        "$o=@(& $py -c ('import '+$m) 2>&1|ForEach-Object{[string]$_}|Where-Object{$_.Trim()})\n\
         if($LASTEXITCODE -eq 0){say ('module '+$m+' ok')}else{say ('module '+$m+' '+$o[-1])}}}\n\
         if($f){if(Test-Path -LiteralPath $f -PathType Leaf){say 'script there'}\
         else{say 'script missing'}}\n",
    );
}

fn locate(text: &mut String, remote: &RemoteSettings) {
    let _ = writeln!(text, "$d={}", powershell(&remote.dir));
    text.push_str(
        "Get-ChildItem -LiteralPath $d -Recurse -Depth 4 -File -Filter *.py -ErrorAction \
         SilentlyContinue|Where-Object{$_.Name -match 'gateway|zmq' -and $_.FullName -notmatch \
         'site-packages'}|Select-Object -First 20|ForEach-Object{say ('found '+$_.FullName)}\n\
         Get-ChildItem -LiteralPath $d -Recurse -Depth 4 -File -Filter python.exe -ErrorAction \
         SilentlyContinue|Select-Object -First 5|ForEach-Object{say ('python '+$_.FullName)}\n",
    );
}

/// By the Task Scheduler, since OpenSSH on Windows ends with a session what
/// the session started. Its usual limit of three days would end the gateway.
fn start(text: &mut String, remote: &RemoteSettings) {
    let logon = match remote.logon {
        Logon::Interactive => "Interactive",
        Logon::S4u => "S4U",
    };
    let mut line = vec![cmd(&remote.interpreter)];
    if !remote.script.is_empty() {
        line.push(cmd(&remote.script));
    }
    line.extend(remote.args.iter().map(|arg| cmd(arg)));
    // cmd.exe takes away the outermost pair, and nothing else.
    let argument = format!("/d /s /c \"{} >> {} 2>&1\"", line.join(" "), cmd(&remote.log));
    let _ = writeln!(
        text,
        "$log={}\n$arg={}\n$dir={}\n$task={}",
        powershell(&remote.log),
        powershell(&argument),
        powershell(&remote.dir),
        powershell(&remote.unit),
    );
    text.push_str(
        "if(@(listens).Count -gt 0){say 'taken'}else{\n\
         New-Item -ItemType Directory -Force -Path (Split-Path -Parent $log)|Out-Null\n\
         $a=New-ScheduledTaskAction -Execute ($env:SystemRoot+'\\System32\\cmd.exe') -Argument \
         $arg -WorkingDirectory $dir\n\
         $s=New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries \
         -MultipleInstances IgnoreNew -ExecutionTimeLimit ([TimeSpan]::Zero)\n",
    );
    let _ = writeln!(
        text,
        "$p=New-ScheduledTaskPrincipal -UserId \
         ([Security.Principal.WindowsIdentity]::GetCurrent().Name) -LogonType {logon}"
    );
    text.push_str(
        "Register-ScheduledTask -TaskName $task -Action $a -Settings $s -Principal $p -Force|\
         Out-Null\n\
         Start-ScheduledTask -TaskName $task\n\
         say 'started'}\n",
    );
}

fn note(text: &mut String, remote: &RemoteSettings, process: Option<&Process>) {
    let _ = writeln!(
        text,
        "Set-Content -LiteralPath {} -Value {} -Encoding ASCII\nsay 'noted'",
        powershell(&remote.pid_file),
        powershell(&note_of(process)),
    );
}

fn stop(text: &mut String, process: &Process) {
    let _ = writeln!(text, "$i={}\n$t={}\n$p=proc $i", process.pid, powershell(&process.start));
    text.push_str(
        "if(-not $p){say 'gone'}elseif([string](since $p) -ne $t){say 'changed'}\
         else{Stop-Process -Id $i -Force;say 'stopped'}\n",
    );
}

fn logs(text: &mut String, remote: &RemoteSettings, lines: u32, follow: bool) {
    let follow = if follow { " -Wait" } else { "" };
    let _ = writeln!(text, "$log={}", powershell(&remote.log));
    let _ = writeln!(
        text,
        "if(Test-Path -LiteralPath $log -PathType Leaf){{Get-Content -LiteralPath $log -Tail \
         {lines}{follow} -Encoding UTF8|ForEach-Object{{[Console]::Out.WriteLine($_)}}}}\
         else{{say ('fail '+$log+' is not there')}}"
    );
}
