using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;

/// <summary>
/// Given to a program by <c>DOTNET_STARTUP_HOOKS</c>: runs its main once for each line on standard input, until that ends.
/// A line is a JSON object: the environment to add to the process's own (a null removes a variable).
/// A run's output ends with a line "␁exit CODE" on standard output and one "␁end" on standard error.
/// </summary>
internal static class StartupHook
{
    public static void Initialize()
    {
        // For this process, not for those it starts.
        Environment.SetEnvironmentVariable("DOTNET_STARTUP_HOOKS", null);
        var main = Assembly.GetEntryAssembly()!.EntryPoint!;
        // Signals are the program's to act on; one that comes when a run no longer listens must not end the process.
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Survive);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Survive);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Survive);
        using var commands = new StreamReader(Console.OpenStandardInput());
        while (commands.ReadLine() is { } command)
        {
            var own = Apply(JsonSerializer.Deserialize<Dictionary<string, string?>>(command)!);
            var result = main.Invoke(null, BindingFlags.DoNotWrapExceptions, binder: null, main.GetParameters().Length == 0 ? [] : [Array.Empty<string>()], culture: null);
            Apply(own);
            Console.WriteLine($"\u0001exit {result ?? 0}");
            Console.Error.WriteLine("\u0001end");
        }

        Environment.Exit(0);
    }

    private static void Survive(PosixSignalContext signal) => signal.Cancel = true;

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
