namespace IoTPlatform.Provider.Startup;

/// <summary>Progress of the first boot on standard output, one machine-readable line per beginning and end. Later boots say nothing.</summary>
internal sealed class FirstBoot(TextWriter output, bool isFirst)
{
    public async Task<T> StepAsync<T>(string name, Func<Task<T>> step)
    {
        Say($"first-boot: {name} …");
        var result = await step();
        Say($"first-boot: {name} done");
        return result;
    }

    /// <summary>What a step decided.</summary>
    public void Remark(string name, string decision)
    {
        Say($"first-boot: {name} … ({decision})");
        Say($"first-boot: {name} done");
    }

    private void Say(string line)
    {
        if (!isFirst)
        {
            return;
        }

        output.WriteLine(line);
        output.Flush();
    }
}
