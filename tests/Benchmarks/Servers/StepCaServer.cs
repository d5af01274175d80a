using System.Security.Cryptography.X509Certificates;
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

    /// <summary>Null with a reason when the machine doesn't have it.</summary>
    public static async Task<(StepCaServer? Server, string Reason)> TryStartAsync(CancellationToken cancellationToken)
    {
        if (Tools.Find("step-ca") is not { } stepCa || Tools.Find("step") is not { } step)
        {
            return (null, "step-ca and step are not on PATH, in IOT_STEP_CA and IOT_STEP, or in ../shared/peers/bin: measuring without the peer");
        }

        var folder = new TempFolder();
        var environment = new Dictionary<string, string?> { ["STEPPATH"] = folder.Path };
        var port = FreePort.Next();
        var passwordFile = folder.Combine("password");
        await File.WriteAllTextAsync(passwordFile, Password, cancellationToken);
        (await Tools.RunAsync(
            step,
            ["ca", "init", "--name", "Benchmark", "--dns", "127.0.0.1", "--address", $"127.0.0.1:{port}", "--provisioner", "benchmark", "--password-file", passwordFile, "--provisioner-password-file", passwordFile],
            environment: environment)).EnsureSuccess();

        // Its request log goes where a service manager without disk would put it: reading it is not the load generator's work.
        var process = ProcessUnderTest.Start(
            "/bin/sh", ["-c", "exec \"$0\" \"$@\" >/dev/null 2>&1", stepCa, "--password-file", passwordFile, folder.Combine("config", "ca.json")], environment, folder.Path);
        var server = new StepCaServer(new Uri($"https://127.0.0.1:{port}"), process, folder)
        {
            Roots = [X509CertificateLoader.LoadCertificateFromFile(folder.Combine("certs", "root_ca.crt"))],
        };
        await server.WaitUntilHealthyAsync(cancellationToken);
        return (server, "");
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
            catch (HttpRequestException) when (attempt < 100)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancellationToken);
            }
        }
    }
}
