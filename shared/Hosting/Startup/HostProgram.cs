using System.Runtime.InteropServices;
using IoTPlatform.Pki;

namespace IoTPlatform.Hosting;

/// <summary>Runs a host's main: signals become cancellation, expected failures become one line on stderr and an exit code (<see cref="ExitCodes"/>).</summary>
public static class HostProgram
{
    /// <summary>The first SIGINT, SIGTERM or SIGHUP cancels the token; a main that then returns ended well, one that throws was interrupted. A second SIGINT ends the process at once.</summary>
    public static async Task<int> RunAsync(string[] args, Func<string[], CancellationToken, Task> main)
    {
        ProcessTimeZone.UseUtc();
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop); // the terminal is gone
        try
        {
            HostCapacity.RequireDescriptors();
            await main(args, stop.Token);
            return ExitCodes.Success;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return ExitCodes.Interrupted;
        }
        catch (Exception e)
        {
            return await ReportAsync(e);
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            if (stop.IsCancellationRequested && context.Signal == PosixSignal.SIGINT)
            {
                Environment.Exit(ExitCodes.Interrupted);
            }

            stop.Cancel();
        }
    }

    private static async Task<int> ReportAsync(Exception exception)
    {
        if (StartupProblem.Describe(exception) is { } known)
        {
            await Console.Error.WriteLineAsync($"error: {known.Message}");
            return known.ExitCode;
        }

        await Console.Error.WriteLineAsync(exception.ToString());
        await Console.Error.WriteLineAsync($"error: internal fault ({exception.GetType().Name}). Please report the lines above.");
        return ExitCodes.Fault;
    }
}
