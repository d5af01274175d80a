using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Cli;

/// <summary>One demo, kept running for the tests of several classes, which run one after the other.</summary>
[CollectionDefinition(Shared)]
public sealed class KeptDemo : IAsyncLifetime, ICollectionFixture<KeptDemo>
{
    public const string Shared = "kept demo";

    private readonly TempFolder _temp = new();

    public string Data => _temp.Combine("demo");
    public string Folder => _temp.Path;
    public string[] Provider => At(0);
    public string[] Acme => At(1);
    public string[] Globex => At(2);

    /// <summary>Provider, acme, globex.</summary>
    public IReadOnlyList<PrintedStack> Printed { get; private set; } = [];

    public string Combine(string name) => _temp.Combine(name);

    public string DataOf(string stack) => Path.Combine(Data, stack);

    public async Task InitializeAsync()
    {
        if (Tools.Find("initdb") is null)
        {
            return;
        }

        var demo = await IotCli.RunAsync("demo", "--keep", "--data", Data);
        demo.EnsureSuccess();
        Printed = PrintedStack.AllOf(demo.Output);
    }

    public async Task DisposeAsync()
    {
        if (Printed.Count > 0)
        {
            (await IotCli.RunAsync("demo", "--stop", "--data", Data)).EnsureSuccess();
        }

        await LeftProcesses.GoneAsync(_temp.Path);
        _temp.Dispose();
    }

    private string[] At(int stack)
    {
        Requires.Tool("initdb");
        return ["--url", Printed[stack].Url.AbsoluteUri, "--data", Printed[stack].Data];
    }
}
