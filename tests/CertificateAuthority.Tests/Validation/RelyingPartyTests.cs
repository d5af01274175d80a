using IoTPlatform.LocalServices;
using IoTPlatform.Testing;
using static IoTPlatform.CertificateAuthority.Tests.Validation.RelyingParties;

namespace IoTPlatform.CertificateAuthority.Tests.Validation;

/// <summary>Foreign verifiers agree with us on every fate. By lists alone nobody can see that a certificate was never issued: OCSP says so.</summary>
public sealed class RelyingPartyTests(RelyingParties parties) : IClassFixture<RelyingParties>
{
    private static readonly string[] RefusedByList = [Revoked, Held, Expired, WrongIssuer];

    [SkippableFact]
    public async Task OpenSsl_WithAListOfEveryIssuer()
    {
        var result = await Tools.RunAsync(
            Requires.Tool("openssl"),
            ["verify", "-crl_check_all", "-CRLfile", parties.Path("lists.pem"), "-CAfile", parties.Path("trust.pem"), .. All.Select(name => parties.Path(name + ".pem"))]);

        var lines = (result.Output + result.Error).Split('\n');
        All.Where(name => lines.Contains(parties.Path(name + ".pem") + ": OK")).ShouldBe(All.Except(RefusedByList));
        lines.Count(line => line.Contains("certificate revoked", StringComparison.Ordinal)).ShouldBe(2);
        lines.ShouldContain(line => line.Contains("certificate has expired", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task OpenSsl_ByOcsp_SeveralInOneRequest()
    {
        string[] asked = [Good, Revoked, Held, Unknown];
        var result = await Tools.RunAsync(
            Requires.Tool("openssl"),
            [
                "ocsp", "-issuer", parties.Path("sub-ca.pem"), .. asked.SelectMany(name => new[] { "-cert", parties.Path(name + ".pem") }),
                "-CAfile", parties.Path("trust.pem"), "-url", parties.Host.Tenant.Module.Options.Validation!.Ocsp.AbsoluteUri,
            ]);

        var text = result.Output + result.Error;
        text.ShouldContain("Response verify OK");
        asked.Select(name => text.Split(parties.Path(name + ".pem") + ": ")[1].Split('\n')[0]).ShouldBe(["good", "revoked", "revoked", "unknown"]);
        text.ShouldContain("Reason: keyCompromise");
        text.ShouldContain("Reason: certificateHold");
    }

    /// <summary>PKIX of the JDK: by OCSP, by the shard that the certificate names, by complete lists of every issuer.</summary>
    [SkippableFact]
    public async Task Java_ByOcspShardAndCompleteLists()
    {
        var java = Requires.Tool("java");
        parties.Write("Check.java", JavaRelyingParty.Program);

        var result = await Tools.RunAsync(java, ["-Xshare:auto", "-XX:TieredStopAtLevel=1", "-Dcom.sun.security.enableCRLDP=true", parties.Path("Check.java"), parties.Folder, .. All]);

        string[] ByList(string how) =>
        [
            $"{how} {Good} ACCEPTED", $"{how} {Revoked} REVOKED KEY_COMPROMISE", $"{how} {Held} REVOKED CERTIFICATE_HOLD", $"{how} {Unknown} ACCEPTED", $"{how} {Expired} EXPIRED", $"{how} {WrongIssuer} INVALID_SIGNATURE",
        ];
        result.EnsureSuccess().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(
            [.. ByList("ocsp").Select(line => line.StartsWith($"ocsp {Unknown}", StringComparison.Ordinal) ? $"ocsp {Unknown} UNDETERMINED_REVOCATION_STATUS" : line), .. ByList("shard"), .. ByList("complete")]);
    }

    /// <summary>A list is read at the start and at a SIGHUP.</summary>
    [SkippableFact]
    public async Task Mosquitto_WithCrlFile()
    {
        var mosquitto = Requires.Tool("mosquitto");
        var port = FreePort.Next();
        parties.Write("mosquitto.conf", $"""
            listener {port} 127.0.0.1
            cafile {parties.Path("trust.pem")}
            certfile {parties.Path("good-chain.pem")}
            keyfile {parties.Path("good.key")}
            crlfile {parties.Path("lists.pem")}
            user {Environment.UserName}
            require_certificate true
            use_identity_as_username true
            """);
        await using var server = ProcessUnderTest.Start(mosquitto, ["-c", parties.Path("mosquitto.conf")]);
        await UntilAsync(() => ConnectsAsync(Good, port));

        (await WhoAsync(name => ConnectsAsync(name, port))).ShouldBe(All.Except(RefusedByList));
    }

    [SkippableFact]
    public async Task Nginx_WithSslCrl()
    {
        var nginx = Requires.Tool("nginx");
        var port = FreePort.Next();
        parties.Write("nginx.conf", $$"""
            daemon off;
            master_process off;
            pid {{parties.Path("nginx.pid")}};
            error_log stderr;
            events { }
            http {
              access_log off;
              client_body_temp_path {{parties.Folder}}; proxy_temp_path {{parties.Folder}}; fastcgi_temp_path {{parties.Folder}}; uwsgi_temp_path {{parties.Folder}}; scgi_temp_path {{parties.Folder}};
              server {
                listen 127.0.0.1:{{port}} ssl;
                ssl_certificate {{parties.Path("good-chain.pem")}};
                ssl_certificate_key {{parties.Path("good.key")}};
                ssl_client_certificate {{parties.Path("trust.pem")}};
                ssl_crl {{parties.Path("lists.pem")}};
                ssl_verify_client on;
                ssl_verify_depth 3;
                return 204;
              }
            }
            """);
        await using var server = ProcessUnderTest.Start(nginx, ["-c", parties.Path("nginx.conf"), "-e", "stderr"]);
        await UntilAsync(async () => await StatusAsync(Good, port) == "204");

        (await WhoAsync(async name => await StatusAsync(name, port) == "204")).ShouldBe(All.Except(RefusedByList));
    }

    /// <summary>It has no module that reads a list: what the handshake lets in, a matcher of the serial number refuses, by numbers that are taken from the list and read at a reload.</summary>
    [SkippableFact]
    public async Task Caddy_ByItselfReadsNoList_WithTheNumbersOfTheListItRefuses()
    {
        var caddy = Requires.Tool("caddy");
        var (port, admin) = (FreePort.Next(), FreePort.Next());
        (await Tools.RunAsync(caddy, ["list-modules"])).EnsureSuccess().Output.Split('\n').Where(module => module.StartsWith("tls.client_auth.", StringComparison.Ordinal)).ShouldBe(["tls.client_auth.leaf"]);
        parties.Write("revoked.caddy", "@revoked vars {tls_client_serial} 0\nrespond @revoked 403\n");
        parties.Write("Caddyfile", $$"""
            {
              admin 127.0.0.1:{{admin}}
              skip_install_trust
              auto_https off
              storage file_system {{parties.Path("caddy")}}
            }
            https://:{{port}} {
              bind 127.0.0.1
              tls {{parties.Path("good-chain.pem")}} {{parties.Path("good.key")}} {
                client_auth {
                  mode require_and_verify
                  trusted_ca_cert_file {{parties.Path("sub-ca.pem")}}
                }
              }
              import revoked.caddy
              respond 204
            }
            """);
        string[] file = ["--config", parties.Path("Caddyfile"), "--adapter", "caddyfile"];
        var environment = new Dictionary<string, string?> { ["HOME"] = parties.Folder };
        await using var server = ProcessUnderTest.Start(caddy, ["run", .. file], environment);
        await UntilAsync(async () => await StatusAsync(Good, port, "localhost") == "204");

        (await WhoAsync(async name => await StatusAsync(name, port, "localhost") == "204")).ShouldBe(All.Except([Expired, WrongIssuer]), "what makes the rest necessary");

        // As in docs/revocation.md.
        var reload = await Tools.RunAsync(
            "/bin/sh",
            [
                "-c",
                """
                openssl crl -inform DER -in sub-ca.crl -noout -text -out list.txt &&
                  python3 -c 'import sys; print("@revoked vars {tls_client_serial} 0", *[int(line.split()[2], 16) for line in sys.stdin if "Serial Number" in line]); print("respond @revoked 403")' < list.txt > revoked.caddy &&
                  caddy reload --config Caddyfile --adapter caddyfile --address "$0"
                """,
                $"127.0.0.1:{admin}",
            ],
            environment: environment, workingDirectory: parties.Folder);
        reload.EnsureSuccess();

        (await WhoAsync(async name => await StatusAsync(name, port, "localhost") == "204")).ShouldBe(All.Except(RefusedByList));
        (await StatusAsync(Revoked, port, "localhost")).ShouldBe("403");
    }

    /// <summary>Go's verifier looks at no revocation, and this version of step has no option that does.</summary>
    [SkippableFact]
    public async Task Step_SeesDatesAndIssuers_AndNoRevocation()
    {
        var step = Requires.Tool("step");

        (await WhoAsync(async name => (await Tools.RunAsync(step, ["certificate", "verify", parties.Path(name + ".pem"), "--roots", parties.Path("trust.pem")])).ExitCode == 0)).ShouldBe(All.Except([Expired, WrongIssuer]));
    }

    /// <summary>Our own listeners staple what OCSP says of their certificate (RFC 6066 8); curl demands it.</summary>
    [SkippableFact]
    public async Task Curl_DemandsTheStapledStatus_OfOurListener()
    {
        var url = parties.Host.Ca.Url;
        string[] ask = ["-s", "-S", "--cert-status", "--cacert", parties.Path("root.pem"), "-o", parties.Path("health"), "-w", "%{http_code}", new Uri(url, "health").AbsoluteUri];
        // The first handshakes find none yet.
        ToolResult result;
        var start = TimeProvider.System.GetTimestamp();
        while ((result = await Tools.RunAsync(Requires.Tool("curl"), ask)).ExitCode != 0)
        {
            TimeProvider.System.GetElapsedTime(start).ShouldBeLessThan(TimeSpan.FromSeconds(20), result.Error);
            await Task.Delay(100);
        }

        result.Output.ShouldBe("200");
    }

    private async Task<bool> ConnectsAsync(string name, int port) => (await Tools.RunAsync(
        Requires.Tool("mosquitto_pub"),
        [
            "-h", "127.0.0.1", "-p", $"{port}", "--insecure", "--cafile", parties.Path("trust.pem"), "--cert", parties.Path(name + "-chain.pem"), "--key", parties.Path(name + ".key"), "-t", "x", "-m", "x", "-q", "1",
        ])).ExitCode == 0;

    private async Task<string> StatusAsync(string name, int port, string host = "127.0.0.1") => (await Tools.RunAsync(
        Requires.Tool("curl"),
        ["-s", "-k", "--cert", parties.Path(name + "-chain.pem"), "--key", parties.Path(name + ".key"), "-o", parties.Path("body"), "-w", "%{http_code}", $"https://{host}:{port}/"])).Output;

    private static async Task<IReadOnlyList<string>> WhoAsync(Func<string, Task<bool>> getsIn)
    {
        var who = new List<string>();
        foreach (var name in All)
        {
            if (await getsIn(name))
            {
                who.Add(name);
            }
        }

        return who;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (var start = TimeProvider.System.GetTimestamp(); !await condition(); await Task.Delay(50))
        {
            TimeProvider.System.GetElapsedTime(start).ShouldBeLessThan(TimeSpan.FromSeconds(20));
        }
    }
}
