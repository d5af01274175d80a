using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Microsoft.Playwright;

namespace IoTPlatform.Integration.Tests.Portal;

/// <summary>A person enrols a device with what the page says, sees it come, reads its telemetry, commands it and ends it.</summary>
[Collection(TenantPortalTests.Name)]
public sealed class TenantJourneyTests(TenantBrowser browser) : IDisposable
{
    private readonly TempFolder _device = new();

    public void Dispose() => _device.Dispose();

    [SkippableFact]
    public async Task Enrol_Online_TelemetryOnTheChart_CommandAnswered_Revoke_Dropped()
    {
        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/enrolment");
        await page.FillAsync("#device-id", "pump-7");
        await page.FillAsync("#note", "the journey's");
        await page.ClickAsync("text=Make it and show it");
        var settings = await CopiedAsync(page, "Copy the settings");
        var token = await page.Locator("#token").InnerTextAsync();
        token.ShouldStartWith("iot-enroll-");
        settings.ShouldContain(token);
        page.Url.ShouldNotContain(token);
        await Assertions.Expect(page.Locator("#enrolment-token svg.qr")).ToHaveCountAsync(2);
        await Screenshots.TakeAsync(page, "tenant-enrolment");
        await File.WriteAllTextAsync(_device.Combine("pump-7.env"), settings);
        await File.WriteAllTextAsync(_device.Combine("carry-out"), "#!/bin/sh\nprintf '{\"did\":\"%s\"}' \"$IOT_COMMAND\"\n");
        File.SetUnixFileMode(_device.Combine("carry-out"), UnixFileMode.UserRead | UnixFileMode.UserExecute);

        // Within the same connection: the page is left, and the token with it.
        await page.ClickAsync("nav a[href$='/portal/ui/provider']");
        await page.WaitForURLAsync("**/portal/ui/provider");
        await page.GoBackAsync();
        await Assertions.Expect(page.Locator("#device-id")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#token")).ToHaveCountAsync(0);

        await page.GotoAsync(browser.At("portal/ui/devices").AbsoluteUri);
        (await page.ContentAsync()).ShouldNotContain(token);
        await PortalBrowser.LiveAsync(page);
        (await Iot("device", "enroll", "pump-7", "--env-file", "pump-7.env", "--folder", _device.Combine("pump-7"))).EnsureSuccess();
        await using var agent = ProcessUnderTest.StartDotnet(
            StackPrograms.Iot, ["device", "run", "pump-7", "--folder", _device.Combine("pump-7"), "--transport", "mqtt", "--telemetry", "system", "--interval", "1s", "--on-command", _device.Combine("carry-out")]);

        // The open list goes on by itself.
        var row = page.Locator("tbody tr:has-text('pump-7')");
        await Assertions.Expect(row).ToContainTextAsync("online", new() { Timeout = 60_000 });
        await row.GetByRole(AriaRole.Link).First.ClickAsync();
        await page.WaitForURLAsync("**/devices/pump-7");
        await Assertions.Expect(page.Locator(".sub .state")).ToHaveTextAsync("online");
        await page.GetByRole(AriaRole.Link, new() { Name = "hour", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("svg.chart").First).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await Assertions.Expect(page.Locator("svg.presence")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("section:has(#lineage) li")).ToHaveCountAsync(1);

        await page.FillAsync("#command-name", "restart");
        await page.FillAsync("#command-payload", "{\"now\":");
        await page.ClickAsync("section:has(#commands) button:has-text('Send')");
        await Assertions.Expect(page.Locator("section:has(#commands) [role=alert]")).ToContainTextAsync("no JSON");
        await page.FillAsync("#command-payload", "{\"now\":true}");
        await page.ClickAsync("section:has(#commands) button:has-text('Send')");
        await Assertions.Expect(page.Locator("section:has(#commands) li").First).ToContainTextAsync("answered", new() { Timeout = 30_000 });
        await Assertions.Expect(page.Locator("section:has(#commands) li").First).ToContainTextAsync("\"exit_code\":0");
        await DocumentAsync(page);

        await page.ClickAsync(".actions >> text=Revoke");
        var revoke = page.Locator(".mud-dialog button:has-text('Revoke')");
        await page.FillAsync("#confirm-reason", "end of the journey");
        await page.FillAsync("#confirm-typed", "pump-");
        await Assertions.Expect(revoke).ToBeDisabledAsync();
        await page.FillAsync("#confirm-typed", "pump-7");
        await revoke.ClickAsync();
        await Assertions.Expect(page.Locator(".sub .state")).ToHaveTextAsync("revoked");
        await Assertions.Expect(page.Locator("section:has(#presence) li").First).ToContainTextAsync("disconnected", new() { Timeout = 15_000 });
        await agent.WaitForExitAsync();
        await Assertions.Expect(page.Locator(".actions button")).ToHaveCountAsync(0);
        (await AuditedAsync("device.revoked", "pump-7")).ShouldBe(1);
        browser.Tenant.Process.Lines.Where(line => line.Contains(token, StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Lines_ForCurlAndMosquitto_EnrolADevice_AndSendItsTelemetry_AsTheyStand()
    {
        foreach (var tool in (string[])["bash", "curl", "openssl", "jq", "mosquitto_pub"])
        {
            Requires.Tool(tool);
        }

        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/enrolment");
        await page.FillAsync("#device-id", "bare-1");
        await page.ClickAsync("text=Make it and show it");
        await page.ClickAsync("text=With curl and OpenSSL");
        var curl = await CopiedAsync(page, "Copy the commands for curl");
        await page.ClickAsync("text=With mosquitto");
        var mosquitto = (await CopiedAsync(page, "Copy the commands for mosquitto")).Split('\n').Single(line => line.StartsWith("mosquitto_pub", StringComparison.Ordinal));

        (await Tools.RunAsync("bash", ["-euo", "pipefail", "-c", curl], workingDirectory: _device.Path)).EnsureSuccess();
        (await Tools.RunAsync("bash", ["-euo", "pipefail", "-c", mosquitto], workingDirectory: _device.Path)).EnsureSuccess();

        await page.GotoAsync(browser.At("portal/ui/devices/bare-1?range=1h").AbsoluteUri);
        await Assertions.Expect(page.Locator("div[aria-label=celsius] svg.chart")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#latest-values")).ToContainTextAsync("21.5");
    }

    /// <summary>What the QR code says, opened by a phone: a key made there, the certificate, and both as a file that the tenant knows the device by.</summary>
    [SkippableFact]
    public async Task Phone_ScansTheCode_EnrolsTheDevice_AndHasItsKeyAsAFile()
    {
        using var admin = await browser.AdminAsync();
        var token = await admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { DeviceId = "phone-1", Uses = 1 });
        var address = $"{browser.Tenant.Url}enroll#device_id=phone-1&token={token.Token}";
        await using var context = await browser.OpenAsync(width: 375, height: 812);
        var page = await context.NewPageAsync();
        var asked = new List<string>();
        page.Request += (_, request) => asked.Add(request.Url);
        var answer = await page.GotoAsync(address);
        (await answer!.AllHeadersAsync())["content-security-policy"].ShouldStartWith("default-src 'none'; script-src 'self';");
        await Assertions.Expect(page.Locator("#device")).ToHaveTextAsync("phone-1");
        page.Url.ShouldNotContain(token.Token);
        (await page.ContentAsync()).ShouldNotContain(token.Token);
        var inspection = new PageInspection(page);
        await inspection.LookAsync("a phone's page");
        await Screenshots.TakeAsync(page, "tenant-phone-enrolment");

        await page.ClickAsync("#enrol");
        await Assertions.Expect(page.Locator("#state")).ToContainTextAsync("It is enrolled.");
        await inspection.LookAsync("a phone's page, enrolled");
        inspection.ShouldHaveFoundNothing();
        var file = await page.RunAndWaitForDownloadAsync(() => page.ClickAsync("#save"));
        file.SuggestedFilename.ShouldBe("phone-1.pem");
        var pem = await File.ReadAllTextAsync(await file.PathAsync());
        using var pair = X509Certificate2.CreateFromPem(pem, pem);
        using var certificate = X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null);
        certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false).ShouldBe("phone-1");
        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true };
        handler.ClientCertificates.Add(certificate);
        using var device = new HttpClient(handler);
        (await device.PostAsync(browser.At("devices/phone-1/renew"), new StringContent("{}", System.Text.Encoding.UTF8, "application/json"))).StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);

        // Opened again by somebody who has the picture of the code.
        var again = await context.NewPageAsync();
        await again.GotoAsync(address);
        await again.ClickAsync("#enrol");
        await Assertions.Expect(again.Locator("#state")).ToContainTextAsync("token");
        await Assertions.Expect(again.Locator("#done")).ToBeHiddenAsync();
        asked.ShouldAllBe(url => !url.Contains(token.Token, StringComparison.Ordinal));
        browser.Tenant.Process.Lines.Where(line => line.Contains(token.Token, StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("#device_id=<img src=x onerror=alert(1)>&token=x")]
    [InlineData("#device_id=../portal/devices/tokens&token=x")]
    [InlineData("#device_id=phone-2&token=")]
    public async Task Phone_AddressThatIsOfNoDevice_OffersNothing(string fragment)
    {
        await using var context = await browser.OpenAsync(width: 375, height: 812);
        var page = await context.NewPageAsync();
        page.Dialog += (_, _) => throw new InvalidOperationException("A script ran.");
        await page.GotoAsync($"{browser.Tenant.Url}enroll{fragment}");

        await Assertions.Expect(page.Locator("#state")).ToContainTextAsync("This address is of no device");
        await Assertions.Expect(page.Locator("#enrol")).ToBeHiddenAsync();
    }

    [SkippableFact]
    public async Task Chosen_AreTagged_ThenRevoked_TogetherByTypingTheirNumber()
    {
        foreach (var id in (string[])["bulk-1", "bulk-2", "bulk-3"])
        {
            await browser.AddDeviceAsync(id);
        }

        await using var context = await browser.OpenAsync();
        var page = await browser.SignInAsync(context, "portal/ui/devices?text=bulk-");
        await page.CheckAsync("[aria-label='Choose bulk-1']");
        await page.CheckAsync("[aria-label='Choose bulk-3']");
        await page.FillAsync("#bulk-tag", "old hall");
        await page.ClickAsync("text=Add the tag");
        await Assertions.Expect(page.Locator(".chosen [role=alert]")).ToContainTextAsync("A tag is");
        await page.FillAsync("#bulk-tag", "old-hall");
        await page.ClickAsync("text=Add the tag");
        await Assertions.Expect(page.Locator(".chosen")).ToHaveCountAsync(0);
        await page.ClickAsync("tr:has-text('bulk-1') .tags a");
        await page.WaitForURLAsync("**tag=old-hall");
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(2);

        await page.CheckAsync("[aria-label='Choose all of this page']");
        await page.ClickAsync(".chosen >> text=Revoke");
        await page.FillAsync("#confirm-reason", "the hall is closed");
        await page.FillAsync("#confirm-typed", "2");
        await page.ClickAsync(".mud-dialog button:has-text('Revoke')");
        await Assertions.Expect(page.Locator("tbody tr .state.bad")).ToHaveCountAsync(2);

        (await browser.Tenant.Database.ScalarAsync<string>("SELECT string_agg(device_id, ' ' ORDER BY device_id) FROM tenant.devices WHERE device_id LIKE 'bulk-%' AND status = 'revoked'")).ShouldBe("bulk-1 bulk-3");
    }

    private async Task DocumentAsync(IPage page)
    {
        await Screenshots.TakeAsync(page, "tenant-device");
        if (Screenshots.AreWanted)
        {
            foreach (var (name, path, colors, width) in new[] { ("tenant-device-dark", "portal/ui/devices/pump-7?range=1h", ColorScheme.Dark, 1280), ("tenant-device-phone", "portal/ui/devices/pump-7?range=1h", ColorScheme.Light, 375), ("tenant-overview", "portal/ui", ColorScheme.Light, 1280) })
            {
                await using var context = await browser.OpenAsync(colors, width, 780);
                await Screenshots.TakeAsync(await browser.SignInAsync(context, path), name);
            }
        }
    }

    private Task<ToolResult> Iot(params string[] arguments) =>
        Tools.RunAsync(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [StackPrograms.Iot, .. arguments], workingDirectory: _device.Path, timeout: TimeSpan.FromMinutes(2));

    private static async Task<string> CopiedAsync(IPage page, string label)
    {
        await page.ClickAsync($"[aria-label='{label}']");
        await Assertions.Expect(page.Locator($"[aria-label='{label}']")).ToHaveTextAsync("Copied");
        return await page.EvaluateAsync<string>("navigator.clipboard.readText()");
    }

    private Task<long> AuditedAsync(string action, string subject) => browser.Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = $1 AND subject = $2", action, subject);
}
