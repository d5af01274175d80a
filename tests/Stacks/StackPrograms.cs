using IoTPlatform.Testing;

namespace IoTPlatform.Stacks;

/// <summary>The built hosts, in the configuration the tests were built in.</summary>
public static class StackPrograms
{
    public static string Provider => Built("provider-stack/Provider", "IoTPlatform.Provider.dll");
    public static string Tenant => Built("tenant-stack/Tenant", "IoTPlatform.Tenant.dll");
    public static string Benchmarks => Built("tests/Benchmarks", "IoTPlatform.Benchmarks.dll");
    public static string IotAgent => Built("device-stack/IotAgent", "iot-agent.dll");
    public static string Iot => Built("cli/Iot", "iot.dll");

    private static string WarmStart => Built("tests/WarmStart", "IoTPlatform.WarmStart.dll");

    /// <summary>Whether a process may run a program again that it has run before; what is measured starts cold.</summary>
    public static bool Warm { get; set; } = true;

    /// <summary>A provider or tenant with these settings.</summary>
    /// <param name="descriptors">How many files it may have open; null for as many as the test.</param>
    public static ProcessUnderTest Start(string program, IReadOnlyDictionary<string, string?> settings, int? descriptors = null) =>
        Warm && descriptors is null && !settings.Keys.Any(IsForTheProcess)
            ? ProcessUnderTest.StartWarm(program, WarmStart, settings)
            : ProcessUnderTest.StartDotnet(program, [], settings, descriptors);

    /// <summary>Read by the loader or the runtime, when a process starts.</summary>
    private static bool IsForTheProcess(string variable) => variable.StartsWith("LD_", StringComparison.Ordinal) || variable.StartsWith("DOTNET_", StringComparison.Ordinal);

    private static string Built(string project, string assembly)
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        var path = Path.Combine(Tools.RepositoryRoot, project, "bin", output.Parent!.Name, output.Name, assembly);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is not built: build the solution first");
    }
}
