using System.CommandLine;
using IoTPlatform.Contracts;
using IoTPlatform.Hosting;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class UpStack
{
    // A host closes connections and its database first.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    public static Command Create(Stack stack, string description, string[] examples, UpOption[] more)
    {
        UpOption[] options = [.. UpOptions.Common, .. more];
        return Verb.Create(
            SnakeCase.Of(stack), description, examples, (run, cancellationToken) => RunAsync(run, stack, options, cancellationToken),
            [.. options.Select(option => option.Option)]);
    }

    private static async Task<int> RunAsync(Run run, Stack stack, UpOption[] options, CancellationToken cancellationToken)
    {
        if (run.Get(UpOptions.EnvFile.Option) is { } file && !File.Exists(file))
        {
            throw CliException.Usage($"there is no env file {file}");
        }

        var environment = options.Where(option => run.Get(option.Option) is not null).ToDictionary(option => option.Variable, option => run.Get(option.Option));
        if (!IsSet(UpOptions.ValidationListen, environment))
        {
            environment[UpOptions.ValidationListen] = "beside";
        }

        await using var host = ChildProcess.Start(new ChildCommand
        {
            FileName = ProgramPath.Dotnet(),
            Arguments = [stack == Stack.Provider ? BuildOutput.Provider : BuildOutput.Tenant],
            Environment = environment,
            OnLine = run.Terminal.IsJson ? line => Report(run, line) : null,
        });
        // Our signals become its SIGTERM, once: a host takes a second one as "now".
        await Task.WhenAny(host.Exited, Task.Delay(Timeout.Infinite, cancellationToken));
        return cancellationToken.IsCancellationRequested ? await host.StopAsync(Patience) : await host.Exited;
    }

    /// <summary>By a flag, in the environment or in the env file.</summary>
    private static bool IsSet(string variable, Dictionary<string, string?> flags)
    {
        var file = flags.GetValueOrDefault(UpOptions.EnvFile.Variable) ?? Environment.GetEnvironmentVariable(UpOptions.EnvFile.Variable);
        return flags.ContainsKey(variable) || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable))
            || (file is not null && EnvFile.Load(file).Any(line => line.Key == variable && !string.IsNullOrEmpty(line.Value)));
    }

    private static void Report(Run run, string line)
    {
        if (HostReady.TryParse(line) is { } ready)
        {
            run.Terminal.JsonLine(new { Event = "ready", ready.Url, ready.Fingerprint }, static _ => { });
        }
        else if (FirstBootLine.TryParse(line) is { } step)
        {
            run.Terminal.JsonLine(new { Event = "first_boot", step.Step, step.State, step.Reason }, static _ => { });
        }
        else
        {
            run.Terminal.Remarks.WriteLine(line);
        }
    }
}
