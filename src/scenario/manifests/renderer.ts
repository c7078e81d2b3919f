/** What makes manifests of a kustomization or a chart. Reading scenarios starts no process: whoever loads them hands this in. */

/** What is to be rendered. Paths are absolute. */
export type RenderRequest =
  | {
      readonly tool: 'kustomize';
      /** A folder with a kustomization. */
      readonly folder: string;
      /** As messages name it. */
      readonly shown: string;
    }
  | {
      readonly tool: 'helm';
      /** A folder, an archive, or what helm itself resolves, such as `oci://registry.example.com/shop`. */
      readonly chart: string;
      readonly release: string;
      readonly namespace: string;
      /** Files with values, in their order. */
      readonly values: readonly string[];
      /** Single values by helm's path to each, such as `image.tag`; a value is anything that JSON can say. */
      readonly set: Readonly<Record<string, unknown>>;
      readonly shown: string;
    };

export interface RenderAnswer {
  /** The manifests as the tool printed them. */
  readonly text: string;
  /** How to see the same in a shell, such as `helm template shop charts/shop --namespace shop`. */
  readonly command: string;
  /** What the tool has to say beside them, a line each. */
  readonly warnings: readonly string[];
}

export interface Renderer {
  /**
   * @throws PodreachError with a hint: `tool-missing` where the program is not installed, `not-supported` where it is too old,
   * `scenario-invalid` where it refuses what it was given, in its own words, or does not end in time
   */
  render(request: RenderRequest): Promise<RenderAnswer>;
}

/** Renders the same once, however many scenarios name it, and however they do. */
export function renderOnce(renderer: Renderer): Renderer {
  const answers = new Map<string, Promise<RenderAnswer>>();
  return {
    render(request) {
      const { shown: _, ...meant } = request;
      const key = JSON.stringify(meant);
      const answer = answers.get(key) ?? renderer.render(request);
      answers.set(key, answer);
      return answer;
    },
  };
}
