using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;

/// <summary>
/// Given to a program by <c>DOTNET_STARTUP_HOOKS</c>: runs its main once for each line on standard input, until that ends.
/// A line is a JSON array of two: the arguments (strings), and the environment to add to the process's own (a null removes a variable).
/// A run's output ends with a line "␁exit CODE" on standard output and one "␁end" on standard error.
/// </summary>
internal static class StartupHook
{
    private static volatile bool Running;

    public static void Initialize()
    {
        // For this process, not for those it starts.
        Environment.SetEnvironmentVariable("DOTNET_STARTUP_HOOKS", null);
        var main = Assembly.GetEntryAssembly()!.EntryPoint!;
        // A signal that was for a run which has just ended must not end the process.
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, KeepIdle);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, KeepIdle);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, KeepIdle);
        using var commands = new StreamReader(Console.OpenStandardInput());
        while (commands.ReadLine() is { } command)
        {
            var run = JsonDocument.Parse(command).RootElement;
            var own = Apply(run[1].Deserialize<Dictionary<string, string?>>()!);
            var arguments = run[0].Deserialize<string[]>();
            Running = true;
            var result = main.Invoke(null, BindingFlags.DoNotWrapExceptions, binder: null, main.GetParameters().Length == 0 ? [] : [arguments], culture: null);
            Running = false;
            Apply(own);
            Console.WriteLine($"\u0001exit {result ?? 0}");
            Console.Error.WriteLine("\u0001end");
        }

        Environment.Exit(0);
    }

    private static void KeepIdle(PosixSignalContext signal) => signal.Cancel |= !Running;

    /// <summary>Returns what the variables were before.</summary>
    private static Dictionary<string, string?> Apply(Dictionary<string, string?> variables)
    {
        var before = variables.Keys.ToDictionary(name => name, Environment.GetEnvironmentVariable);
        foreach (var (name, value) in variables)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        return before;
    }
}
