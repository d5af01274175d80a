using System.Text.Json;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Cli;

public sealed class DemoTests : IDisposable
{
    private readonly TempFolder _temp = new();

    private string Data => _temp.Combine("demo");

    public void Dispose() => _temp.Dispose();

    [SkippableFact]
    public async Task Demo_Json_EverythingHolds_AndNothingIsLeftRunning()
    {
        Requires.Tool("initdb");

        var result = await IotCli.RunAsync("demo", "--json", "--data", Data);

        result.ExitCode.ShouldBe(0, result.Error + result.Output);
        var report = JsonDocument.Parse(result.Output).RootElement;
        report.GetProperty("ok").GetBoolean().ShouldBeTrue();
        report.GetProperty("stacks").GetArrayLength().ShouldBe(3);
        report.GetProperty("devices").GetArrayLength().ShouldBe(6);
        report.GetProperty("audit").EnumerateArray().ShouldAllBe(log => log.GetProperty("verification").GetProperty("intact").GetBoolean());
        report.GetProperty("revocation").GetProperty("renewal_refused_status").GetInt32().ShouldBeOneOf(401, 403);
        report.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("detail").GetString()!)
            .ShouldContain(detail => detail.StartsWith("admin (", StringComparison.Ordinal) && detail.EndsWith("cdm-admin at acme", StringComparison.Ordinal));
        Count(report, "device").ShouldBe(9);
        Count(report, "tenant-sub-ca").ShouldBe(2);
        Count(report, "mqtt-bridge").ShouldBe(2);
        Count(report, "service").ShouldBe(3);
        report.GetProperty("steps").EnumerateArray().ShouldContain(step => step.GetProperty("detail").GetString()!.StartsWith("telemetry/acme-pump-1 ", StringComparison.Ordinal), "a reading went from the device to the provider");
        report.GetProperty("steps").EnumerateArray().ShouldContain(step => step.GetProperty("detail").GetString()!.StartsWith("acme-agent-1: off after ", StringComparison.Ordinal), "an agent was at work over MQTT until it was revoked");
        report.GetProperty("steps").EnumerateArray().ShouldContain(step => step.GetProperty("detail").GetString()!.StartsWith("identify: ", StringComparison.Ordinal), "it answered a command of the provider");
        LeftProcesses.Of(_temp.Path).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Demo_RabbitMqAndKeycloak_EverythingHolds_AndNothingIsLeftRunning()
    {
        Requires.Tool("initdb");
        Requires.That(RabbitMqProgram.Installed is not null, "rabbitmq-server is not installed");
        Requires.That(KeycloakProgram.Find(Tools.RepositoryRoot) is not null && KeycloakProgram.HasJava, "no Keycloak, or no Java");

        var result = await IotCli.RunAsync("demo", "--broker", "rabbitmq", "--identity", "keycloak", "--json", "--data", Data);

        result.ExitCode.ShouldBe(0, result.Error + result.Output);
        var report = JsonDocument.Parse(result.Output).RootElement;
        report.GetProperty("joins").EnumerateArray().SelectMany(join => join.GetProperty("steps").EnumerateArray()).Count(step => step.GetProperty("step").GetString() == "federation").ShouldBe(2);
        var details = report.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("detail").GetString()!).ToList();
        details.ShouldContain(detail => detail.EndsWith("cdm-admin at acme", StringComparison.Ordinal));
        details.ShouldContain(detail => detail.StartsWith("telemetry/acme-pump-1 ", StringComparison.Ordinal) && detail.Contains("+00:00", StringComparison.Ordinal), "a reading as it was sent");
        report.GetProperty("command").GetString().ShouldBe($"iot demo --broker rabbitmq --identity keycloak --data {Data}");
        details.ShouldContain(detail => detail.StartsWith("acme-agent-1: off after ", StringComparison.Ordinal));
        details.ShouldContain(detail => detail.StartsWith("identify: ", StringComparison.Ordinal));
        var amqp = File.ReadLines(Path.Combine(Data, "acme", "join-bundle", "rabbitmq.env")).Single(line => line.StartsWith("RABBITMQ_URL=", StringComparison.Ordinal));
        var port = new Uri(amqp.Split('=')[1].Trim('\'')).Port;
        Directory.EnumerateFiles(Path.Combine(Data, "rabbitmq"), "*.conf", SearchOption.AllDirectories).SelectMany(File.ReadLines)
            .ShouldContain($"listeners.ssl.default = 127.0.0.1:{port}", "the bundle names an address that the broker has");
        Count(report, "service").ShouldBe(5, customMessage: "provider, two tenants, RabbitMQ, and the revoked one that RabbitMQ has to refuse");
        LeftProcesses.Of(_temp.Path).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Demo_NoKeycloakAnywhere_SaysHowToGetOne()
    {
        Requires.That(Tools.Find("kc.sh") is null, "there is a Keycloak on PATH");

        var result = await IotCli.RunWithAsync(new() { ["KEYCLOAK_HOME"] = null, ["IOT_KEYCLOAK"] = _temp.Path }, "demo", "--identity", "keycloak", "--data", Data);

        result.ExitCode.ShouldBe(1);
        result.Error.ShouldContain("KEYCLOAK_HOME");
        result.Error.ShouldContain("https://www.keycloak.org/downloads");
    }

    [SkippableFact]
    public async Task Demo_KilledHard_LeavesNoProcess_AndTheNextOneRuns()
    {
        Requires.Tool("initdb");
        Requires.Tool("setpriv");
        await using (var killed = IotCli.Start("demo", "--data", Data))
        {
            await killed.WaitForLineAsync(line => line.Contains("prepare two tenants", StringComparison.Ordinal), TimeSpan.FromMinutes(3));
            LeftProcesses.Of(_temp.Path).ShouldNotBeEmpty();
            await killed.KillAsync();
        }
        await LeftProcesses.GoneAsync(_temp.Path);

        var again = await IotCli.RunAsync("demo", "--data", Data);

        again.ExitCode.ShouldBe(0, again.Error + again.Output);
        again.Output.ShouldContain("Everything held.");
        again.Output.ShouldNotContain("\u001b[");
    }

    [SkippableFact]
    public async Task Demo_CtrlC_EndsEveryProcessItStarted()
    {
        Requires.Tool("initdb");
        await using var demo = IotCli.Start("demo", "--data", Data);
        await demo.WaitForLineAsync(line => line.Contains("sub-ca-key", StringComparison.Ordinal), TimeSpan.FromMinutes(3));

        demo.Interrupt();

        (await demo.WaitForExitAsync(TimeSpan.FromMinutes(1))).ShouldBe(130, demo.Output);
        await demo.WaitForLineAsync(line => line.Contains("interrupted", StringComparison.Ordinal));
        LeftProcesses.Of(_temp.Path).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Demo_FolderThatIsNotItsOwn_IsLeftAlone()
    {
        Directory.CreateDirectory(Data);
        await File.WriteAllTextAsync(Path.Combine(Data, "precious"), "");

        var result = await IotCli.RunAsync("demo", "--data", Data);

        result.ExitCode.ShouldBe(1);
        result.Error.ShouldContain("--data");
        File.Exists(Path.Combine(Data, "precious")).ShouldBeTrue();
    }

    private static int Count(JsonElement report, string profile) =>
        report.GetProperty("certificates").EnumerateArray().Count(certificate => certificate.GetProperty("profile").GetString() == profile);
}
