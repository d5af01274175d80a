using System.Diagnostics;
using OpenTelemetry;

namespace IoTPlatform.Hosting.Observability;

/// <summary>Takes query strings and what is not a template out of spans before they are exported: keys, codes and tokens come in queries.</summary>
internal sealed class SpanPrivacy : BaseProcessor<Activity>
{
    private const string Query = "url.query";
    private const string Full = "url.full";

    public override void OnEnd(Activity data) => Apply(data);

    public static void Apply(Activity activity)
    {
        if (activity.GetTagItem(Query) is not null)
        {
            activity.SetTag(Query, null);
        }

        if (activity.GetTagItem(Full) is string full && full.IndexOfAny(['?', '#']) is >= 0 and var end)
        {
            activity.SetTag(Full, full[..end]);
        }
    }
}
