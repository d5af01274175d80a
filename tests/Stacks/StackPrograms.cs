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

    private static string Built(string project, string assembly)
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        var path = Path.Combine(Tools.RepositoryRoot, project, "bin", output.Parent!.Name, output.Name, assembly);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is not built: build the solution first");
    }
}
