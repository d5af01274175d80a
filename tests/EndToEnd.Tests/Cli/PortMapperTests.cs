using IoTPlatform.LocalServices;
using IoTPlatform.Testing;
using Shouldly;
using Xunit;

namespace IoTPlatform.EndToEnd.Tests.Cli;

/// <summary>Erlang starts a port mapper wherever it finds none, as a daemon that outlives whoever ran the broker.</summary>
public sealed class PortMapperTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [SkippableFact]
    public async Task Broker_WithoutItsPortMapper_EndsAndLeavesNoneBehind()
    {
        Requires.That(RabbitMqProgram.Installed is not null, "rabbitmq-server is not installed");
        var program = RabbitMqProgram.Installed!;
        var folder = RabbitMqFolder.Create(_temp.Path, RabbitMqPorts.Free(), Path.Combine(Tools.RepositoryRoot, "deploy", "rabbitmq"), major: program.Version.Major);

        await using var broker = await ForkThread.StartAsync(folder.Broker(program));
        await broker.WaitForExitAsync(TimeSpan.FromMinutes(2));

        LeftProcesses.Of(_temp.Path).ShouldBeEmpty();
    }
}
