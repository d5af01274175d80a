using System.Globalization;

namespace IoTPlatform.Tenant.Features.Join;

/// <summary>Progress as lines <c>first-boot: {check} …</c>, <c>first-boot: {check} waiting: …</c>, <c>first-boot: {check} done</c>.</summary>
internal sealed class ConsoleProgress(TextWriter output) : IFirstBootProgress
{
    public void Started(string check, string reason) => Line($"first-boot: {check} … ({reason})");

    public void Waiting(string check, string reason, TimeSpan pause) =>
        Line(string.Create(CultureInfo.InvariantCulture, $"first-boot: {check} waiting: {reason}; next attempt in {pause.TotalSeconds:0.#} s"));

    public void Done(string check) => Line($"first-boot: {check} done");

    private void Line(string text)
    {
        output.WriteLine(text.ReplaceLineEndings(" "));
        output.Flush();
    }
}
