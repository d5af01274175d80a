using System.Runtime.InteropServices;
using IoTPlatform.IotAgent;
using IoTPlatform.Pki;

ProcessTimeZone.UseUtc();
using var stop = new CancellationTokenSource();
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
return await AgentCommand.InvokeAsync(args, stop.Token);

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
