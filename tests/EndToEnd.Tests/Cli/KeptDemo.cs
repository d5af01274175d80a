using System.Text.Json;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Cli;

/// <summary>One demo, kept running for the tests of a class.</summary>
public sealed class KeptDemo : IAsyncLifetime
{
    private readonly TempFolder temp = new();
    private JsonElement report;

    public string Data => temp.Combine("demo");
    public string Folder => temp.Path;
    public string[] Provider => At(0);
    public string[] Acme => At(1);
    public string[] Globex => At(2);

    public string Combine(string name) => temp.Combine(name);

    public string DataOf(string stack) => Path.Combine(Data, stack);

    public async Task InitializeAsync()
    {
        if (Tools.Find("initdb") is null)
        {
            return;
        }

        report = await IotCli.JsonAsync("demo", "--keep", "--data", Data);
    }

    public async Task DisposeAsync()
    {
        if (report.ValueKind == JsonValueKind.Object)
        {
            (await IotCli.RunAsync("demo", "--stop", "--data", Data)).EnsureSuccess();
        }

        await LeftProcesses.GoneAsync(temp.Path);
        temp.Dispose();
    }

    private string[] At(int stack)
    {
        Requires.Tool("initdb");
        var found = report.GetProperty("stacks")[stack];
        return ["--url", found.GetProperty("url").GetString()!, "--data", found.GetProperty("data").GetString()!];
    }
}
