using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Client;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;

namespace IoTPlatform.Benchmarks.Servers;

/// <summary>The real step-ca, as <c>step ca init</c> sets it up.</summary>
internal sealed class StepCaServer : CaServer
{
    private const string Password = "benchmark";

    private StepCaServer(Uri url, ProcessUnderTest process, TempFolder folder)
        : base("step-ca", url, Password, process, folder)
    {
    }

    /// <summary>Null where the machine has it.</summary>
    public static string? WhyNot => Tools.Find("step-ca") is null || Tools.Find("step") is null
        ? "step-ca and step are not on PATH, in IOT_STEP_CA and IOT_STEP, or in ../shared/peers/bin: measuring without the peer"
        : null;

    /// <param name="folder">Its own from now on; may be that of an earlier one.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <param name="acme">With an ACME provisioner of that name.</param>
    public static async Task<StepCaServer> StartAsync(TempFolder folder, CancellationToken cancellationToken, bool acme = false)
    {
        var environment = new Dictionary<string, string?> { ["STEPPATH"] = folder.Path };
        var (configuration, passwordFile) = (folder.Combine("config", "ca.json"), folder.Combine("password"));
        if (!File.Exists(configuration))
        {
            await File.WriteAllTextAsync(passwordFile, Password, cancellationToken);
            (await Tools.RunAsync(
                Tools.Find("step")!,
                ["ca", "init", "--name", "Benchmark", "--dns", "127.0.0.1", "--address", $"127.0.0.1:{FreePort.Next()}", "--provisioner", "benchmark", "--password-file", passwordFile, "--provisioner-password-file", passwordFile],
                environment: environment)).EnsureSuccess();
        }

        if (acme)
        {
            var json = JsonNode.Parse(await File.ReadAllTextAsync(configuration, cancellationToken))!;
            json["authority"]!["provisioners"]!.AsArray().Add(new JsonObject { ["type"] = "ACME", ["name"] = "acme" });
            await File.WriteAllTextAsync(configuration, json.ToJsonString(), cancellationToken);
        }

        // Its request log goes where a service manager without disk would put it: reading it is not the load generator's work.
        var process = ProcessUnderTest.Start(
            "/bin/sh", ["-c", "exec \"$0\" \"$@\" >/dev/null 2>&1", Tools.Find("step-ca")!, "--password-file", passwordFile, configuration], environment, folder.Path);
        using var written = JsonDocument.Parse(await File.ReadAllTextAsync(configuration, cancellationToken));
        var server = new StepCaServer(new Uri($"https://{written.RootElement.GetProperty("address").GetString()}"), process, folder)
        {
            Roots = [X509CertificateLoader.LoadCertificateFromFile(folder.Combine("certs", "root_ca.crt"))],
        };
        await server.WaitUntilHealthyAsync(cancellationToken);
        return server;
    }

    private async Task WaitUntilHealthyAsync(CancellationToken cancellationToken)
    {
        using var http = Connect();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri(Url, "health"), cancellationToken);
                answer.EnsureSuccessStatusCode();
                return;
            }
            catch (HttpRequestException) when (attempt < 1000)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, cancellationToken);
            }
        }
    }
}
