using System.Text.Json;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Cli;

/// <summary>One demo, kept running for the tests of several classes, which run one after the other.</summary>
[CollectionDefinition(Shared)]
public sealed class KeptDemo : IAsyncLifetime, ICollectionFixture<KeptDemo>
{
    public const string Shared = "kept demo";

    private readonly TempFolder _temp = new();
    private JsonElement _report;

    public string Data => _temp.Combine("demo");
    public string Folder => _temp.Path;
    public string[] Provider => At(0);
    public string[] Acme => At(1);
    public string[] Globex => At(2);

    public string Combine(string name) => _temp.Combine(name);

    public string DataOf(string stack) => Path.Combine(Data, stack);

    public async Task InitializeAsync()
    {
        if (Tools.Find("initdb") is null)
        {
            return;
        }

        _report = await IotCli.JsonAsync("demo", "--keep", "--data", Data);
    }

    public async Task DisposeAsync()
    {
        if (_report.ValueKind == JsonValueKind.Object)
        {
            (await IotCli.RunAsync("demo", "--stop", "--data", Data)).EnsureSuccess();
        }

        await LeftProcesses.GoneAsync(_temp.Path);
        _temp.Dispose();
    }

    private string[] At(int stack)
    {
        Requires.Tool("initdb");
        var found = _report.GetProperty("stacks")[stack];
        return ["--url", found.GetProperty("url").GetString()!, "--data", found.GetProperty("data").GetString()!];
    }
}
