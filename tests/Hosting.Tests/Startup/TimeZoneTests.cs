using IoTPlatform.Testing;

namespace IoTPlatform.Hosting.Tests.Startup;

/// <summary>The machine's time zone changes under a running process, as timedatectl does it, in a mount namespace of its own.</summary>
public sealed class TimeZoneTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [SkippableTheory]
    [InlineData("Etc/UTC", "Asia/Tokyo")]
    [InlineData("Asia/Tokyo", "America/New_York")]
    public async Task Certificates_ZoneChanges_AreJudgedInUtc(string from, string to)
    {
        Requires.That(Environment.IsPrivilegedProcess, "a mount namespace needs root");
        Requires.That(File.Exists("/etc/localtime") && File.Exists("/usr/share/zoneinfo/" + to), "no zone files");
        Requires.Tool("unshare");
        var zone = _temp.Combine("zone");
        File.Copy("/usr/share/zoneinfo/" + from, zone);
        const string Script = "mount --make-rprivate / && mount --bind \"$1\" \"$(readlink -f /etc/localtime)\" && exec dotnet \"$2\" dates \"$3\"";
        await using var child = ProcessUnderTest.Start(
            "unshare", ["-m", "sh", "-c", Script, "sh", zone, typeof(TimeZoneTests).Assembly.Location, _temp.Combine("go")], new Dictionary<string, string?>(StringComparer.Ordinal) { ["TZ"] = null });
        (await child.WaitForLineAsync("before ")).ShouldBe("before True/True/True False/False/False False/False/False");

        await using (var changed = new FileStream(zone, FileMode.Truncate))
        {
            await changed.WriteAsync(await File.ReadAllBytesAsync("/usr/share/zoneinfo/" + to));
        }

        await File.WriteAllTextAsync(_temp.Combine("go"), "");

        (await child.WaitForLineAsync("after ")).ShouldBe("after True/True/True False/False/False False/False/False");
        (await child.WaitForExitAsync()).ShouldBe(0);
    }
}
